#!/usr/bin/env python3
"""Trains small policies by Stable-Baselines3, saves them, and notes what they answer.

    python .ci/stable_baselines_check.py FOLDER [--large]

For each it writes NAME.zip, NAME.pkl where it was normalised, and NAME.json with observations, the
actions of `predict(…, deterministic=True)` and the values that critics give. The test resources of
org.mobula.core.stablebaselines were made by it.
"""

import base64
import json
import pathlib
import pickle
import sys
import types
import warnings
import zipfile

import gymnasium
import numpy
import stable_baselines3 as sb3
import torch
from stable_baselines3.common.noise import NormalActionNoise
from stable_baselines3.common.vec_env import DummyVecEnv, VecNormalize

warnings.simplefilter("ignore")
torch.set_num_threads(1)
ROWS = 20
SMALL = {"net_arch": [8, 6]}


class Pixels(gymnasium.Env):
    """Pictures of noise: a policy of convolutions needs no more."""

    observation_space = gymnasium.spaces.Box(0, 255, (2, 36, 36), numpy.uint8)
    action_space = gymnasium.spaces.Discrete(3)

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        return self.observation_space.sample(), {}

    def step(self, action):
        return self.observation_space.sample(), float(action), bool(self.np_random.random() < 0.1), False, {}


class Box3(gymnasium.Env):
    """Three numbers with bounds of their own, of which two are moved."""

    observation_space = gymnasium.spaces.Box(-5, 5, (3,), numpy.float32)
    action_space = gymnasium.spaces.Box(numpy.array([-1, -3], numpy.float32), numpy.array([2, 3], numpy.float32))

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        return self.observation_space.sample(), {}

    def step(self, action):
        return self.observation_space.sample(), float(action.sum()), bool(self.np_random.random() < 0.1), False, {}


def lin(progress_remaining):
    return 1e-3 * (0.5 + 0.5 * progress_remaining)


def values(model, observations):
    """Of the state, of the actions, or of the action that the policy takes: critic by critic."""
    policy = model.policy
    with torch.no_grad():
        batch = policy.obs_to_tensor(observations)[0]
        if hasattr(policy, "predict_values"):
            return policy.predict_values(batch).numpy()
        if hasattr(policy, "q_net"):
            return policy.q_net(batch).numpy()
        actions = policy.actor(batch, deterministic=True) if isinstance(model, sb3.SAC) else policy.actor(batch)
        return torch.cat(policy.critic(batch, actions), dim=1).numpy()


def save(folder, name, model, normalized=None):
    model.save(folder / f"{name}.zip")
    if normalized is not None:
        normalized.save(str(folder / f"{name}.pkl"))
        for protocol in (2, 3, 4):
            (folder / f"{name}.protocol-{protocol}.pkl").write_bytes(pickle.dumps(normalized, protocol=protocol))
    space = model.observation_space
    space.seed(7)
    observations = numpy.stack([numpy.clip(space.sample(), -10, 255) for _ in range(ROWS)])
    seen = observations if normalized is None else normalized.normalize_obs(observations)
    actions, _ = model.predict(seen, deterministic=True)
    encoded = base64.b64encode(observations.astype(numpy.uint8).tobytes()).decode()
    (folder / f"{name}.json").write_text(
        json.dumps(
            {
                "observations": encoded if space.dtype == numpy.uint8 else observations.reshape(ROWS, -1).tolist(),
                "actions": actions.reshape(ROWS, -1).tolist(),
                "values": values(model, seen).tolist(),
            }
        )
    )
    print(f"{name}: {(folder / f'{name}.zip').stat().st_size:,} bytes")


def repickled(value):
    """As Gym's spaces were pickled by NumPy 1, in whose protocol 4 arrays have states."""
    for name in ("gym", "gym.spaces"):
        sys.modules.setdefault(name, types.ModuleType(name))
    for name in ("box", "discrete"):
        module = types.ModuleType(f"gym.spaces.{name}")
        sys.modules[module.__name__] = module
        old = type(name.capitalize(), (), {"__module__": module.__name__})
        setattr(module, old.__name__, old)
        if type(value).__name__ == old.__name__:
            same = old.__new__(old)
            same.__dict__ = {k: v for k, v in value.__dict__.items() if k not in ("start", "_np_random")}
            return base64.b64encode(pickle.dumps(same, protocol=4)).decode()


def save_older(folder):
    """What versions before 1.3 wrote: Gym's spaces, and settings and tensors under fewer names."""
    source, target = folder / "ppo-discrete.zip", folder / "ppo-older.zip"
    model = sb3.PPO.load(source, device="cpu")
    with zipfile.ZipFile(source) as read, zipfile.ZipFile(target, "w") as write:
        data = json.loads(read.read("data"))
        for key in ("observation_space", "action_space"):
            space = getattr(model, key)
            data[key] = {":type:": f"<class 'gym.spaces.{type(space).__name__}'>", ":serialized:": repickled(space)}
        data = {k: v for k, v in data.items() if k not in ("normalize_advantage", "rollout_buffer_class")}
        write.writestr("data", json.dumps(data), zipfile.ZIP_DEFLATED)
        state = model.policy.state_dict()
        with write.open("policy.pth", "w") as file:
            torch.save({k: v for k, v in state.items() if not k.startswith("pi_features")}, file)
        write.writestr("policy.optimizer.pth", read.read("policy.optimizer.pth"))
        write.writestr("_stable_baselines3_version", "1.2.0")
    (folder / "ppo-older.json").write_text((folder / "ppo-discrete.json").read_text())
    print(f"ppo-older: {target.stat().st_size:,} bytes")


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    cpu = {"device": "cpu", "seed": 3}
    ppo = {"n_steps": 32, "batch_size": 16, "n_epochs": 2}

    def small():
        return {"policy_kwargs": dict(SMALL), **cpu}  # which the constructors change

    save(folder, "ppo-discrete", sb3.PPO("MlpPolicy", "CartPole-v1", **ppo, **small()).learn(64))
    normalized = VecNormalize(DummyVecEnv([Box3, Box3]), clip_obs=5.0, clip_reward=5.0)
    kwargs = {"net_arch": {"pi": [7], "vf": [7]}, "activation_fn": torch.nn.ReLU, "log_std_init": -1}
    model = sb3.PPO("MlpPolicy", normalized, learning_rate=lin, policy_kwargs=kwargs, clip_range=lin, **ppo, **cpu)
    save(folder, "ppo-box", model.learn(128), normalized)
    save(folder, "a2c-box", sb3.A2C("MlpPolicy", Box3(), **small()).learn(64))
    save(folder, "a2c-discrete", sb3.A2C("MlpPolicy", "CartPole-v1", use_rms_prop=False, **small()).learn(64))
    replay = {"learning_starts": 20, "buffer_size": 200, "batch_size": 16}

    def off():
        return {**replay, **small()}

    dqn = sb3.DQN("MlpPolicy", "CartPole-v1", target_update_interval=20, train_freq=2, **off())
    save(folder, "dqn", dqn.learn(80))
    save(folder, "sac", sb3.SAC("MlpPolicy", Box3(), ent_coef="auto_0.5", **off()).learn(60))
    save(folder, "sac-fixed", sb3.SAC("MlpPolicy", Box3(), ent_coef=0.2, gradient_steps=-1, **off()).learn(40))
    noise = NormalActionNoise(numpy.zeros(2), 0.3 * numpy.ones(2))
    save(folder, "td3", sb3.TD3("MlpPolicy", Box3(), action_noise=noise, **off()).learn(60))
    if "--large" in sys.argv:
        save(folder, "ppo-pixels", sb3.PPO("CnnPolicy", Pixels(), **ppo, **cpu).learn(32))
        cnn = {"features_extractor_kwargs": {"features_dim": 4}}
        save(folder, "dqn-pixels", sb3.DQN("CnnPolicy", Pixels(), policy_kwargs=dict(cnn), **replay, **cpu).learn(40))
        save(folder, "a2c-pixels", sb3.A2C("CnnPolicy", Pixels(), policy_kwargs=dict(cnn), **cpu).learn(20))
    save_older(folder)


if __name__ == "__main__":
    main(sys.argv[1])
