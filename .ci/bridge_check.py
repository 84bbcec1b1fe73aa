#!/usr/bin/env python3
"""Records what Python's own environments do, for GymnasiumTrajectoriesTest to see the same over the bridge.

    bridge_check.py FOLDER

Each case is played here in Python, environment by environment: what it did lies in FOLDER/<case>.json,
with a checksum in place of each batch of observations. Every environment first passes Gymnasium's own
check_env. Imports nothing of Mobula: spaces are put into numbers anew.
"""

import json
import pathlib
import sys
import warnings
import zlib

import ale_py
import envpool
import gymnasium as gym
import numpy as np
from gymnasium.utils.env_checker import check_env

gym.register_envs(ale_py)
OWN = '''
import gymnasium as gym
import numpy as np
from gymnasium.vector import AutoresetMode, VectorEnv


class Counters(VectorEnv):
    """Count to the number that the seed gives; a vector environment of somebody's own."""

    metadata = {"autoreset_mode": AutoresetMode.DISABLED}

    def __init__(self, num_envs=1):
        self.num_envs = num_envs
        self.single_observation_space = gym.spaces.Box(0, 100, (2,), np.float32)
        self.single_action_space = gym.spaces.Discrete(2)
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, num_envs)
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, num_envs)
        self.counts, self.ends = np.zeros(num_envs), np.zeros(num_envs)

    def reset(self, *, seed=None, options=None):
        mask = (options or {}).get("reset_mask", np.ones(self.num_envs, bool))
        if seed is not None:
            self.ends = np.array([3 + each % 4 for each in seed], float)
        self.counts = np.where(mask, 0, self.counts)
        return self._observed(), {}

    def step(self, actions):
        self.counts = self.counts + actions
        ended = self.counts >= self.ends
        return self._observed(), ended.astype(float), ended, np.zeros(self.num_envs, bool), {}

    def _observed(self):
        return np.stack([self.counts, self.ends], axis=1).astype(np.float32)


gym.register("Counters-v0", vector_entry_point=Counters)
'''
CHAIN = [{"TimeLimit": {"max_episode_steps": 15}}, "RecordEpisodeStatistics",
         {"TimeAwareObservation": {"flatten": False}}]
ATARI = [{"AtariPreprocessing": {"noop_max": 5}}, {"FrameStackObservation": {"stack_size": 4}}]
# The same by Mobula's own wrappers, around the game as it is.
RAW = {"frameskip": 1, "repeat_action_probability": 0.0}
LIVES = [{"AtariPreprocessing": {"noop_max": 7, "terminal_on_life_loss": True}},
         {"ClipReward": {"min_reward": -1, "max_reward": 1}}, {"FrameStackObservation": {"stack_size": 4}}]
JAVA = [{"NoopReset": {"max": 7}}, {"EpisodicLife": {"new-game": True}}, "Grayscale", "MaxAndSkip",
        "Resize", "ClipReward", "FrameStack"]
COLOURS = [{"AtariPreprocessing": {"noop_max": 0, "grayscale_obs": False}}]
CASES = {
    "cartpole": {"gymnasium": "CartPole-v1", "count": 3, "steps": 200},
    "pendulum": {"gymnasium": "Pendulum-v1", "options": {"g": 9.0}, "count": 2, "steps": 210},
    "blackjack": {"gymnasium": "Blackjack-v1", "count": 3, "steps": 60},
    "taxi": {"gymnasium": "Taxi-v4", "count": 2, "steps": 210},
    "lander": {"gymnasium": "LunarLander-v3", "count": 2, "steps": 200},
    "continuous": {"gymnasium": "LunarLander-v3", "options": {"continuous": True}, "count": 2,
                   "steps": 150},
    "hopper": {"gymnasium": "Hopper-v5", "count": 2, "steps": 120},
    "cheetah": {"gymnasium": "HalfCheetah-v4", "count": 2, "steps": 60},
    "pong": {"gymnasium": "ALE/Pong-v5", "options": {"frameskip": 1}, "wrappers": ATARI, "count": 2,
             "steps": 40},
    "breakout-java": {"gymnasium": "ALE/Breakout-v5", "options": RAW, "wrappers": LIVES, "java": JAVA,
                      "count": 3, "steps": 300},
    "grey-java": {"gymnasium": "ALE/Breakout-v5", "options": {**RAW, "obs_type": "grayscale"},
                  "wrappers": LIVES, "java": [name for name in JAVA if name != "Grayscale"], "count": 2,
                  "steps": 100},
    "colours-java": {"gymnasium": "ALE/SpaceInvaders-v5", "options": RAW, "wrappers": COLOURS,
                     "java": ["MaxAndSkip", "Resize"], "count": 2, "steps": 60},
    "chain": {"gymnasium": "CartPole-v1", "wrappers": CHAIN, "count": 3, "steps": 60},
    "vectors": {"gymnasium": "CartPole-v1", "options": {"vectorization_mode": "sync"}, "count": 3,
                "steps": 100},
    "own": {"gymnasium": "own_worlds:Counters-v0", "count": 3, "steps": 30},
    "envpool": {"envpool": "Pong-v5", "count": 2, "steps": 40},
    "envpool-pole": {"envpool": "CartPole-v1", "count": 3, "steps": 100},
}
SEED = 1234


def numbers(space, value):
    if isinstance(space, gym.spaces.Dict):
        return np.concatenate([numbers(part, value[key]) for key, part in space.spaces.items()])
    if isinstance(space, gym.spaces.Tuple):
        return np.concatenate([numbers(part, value[i]) for i, part in enumerate(space.spaces)])
    if isinstance(space, (gym.spaces.Discrete, gym.spaces.MultiDiscrete)):
        value = np.asarray(value) - space.start
    return np.asarray(value).astype(np.float32).reshape(-1)


def checksum(rows):
    return zlib.crc32(np.stack(rows).astype("<f4").tobytes())


class Lanes:
    """One environment after the other, each with a new episode in the step that ends one."""

    def __init__(self, case):
        options = dict(case.get("options", {}))
        options.pop("vectorization_mode", None)
        self.envs = []
        for _ in range(case["count"]):
            env = gym.make(case["gymnasium"], **options)
            for wrapper in case.get("wrappers", []):
                ((name, arguments),) = (
                    wrapper.items() if isinstance(wrapper, dict) else [(wrapper, {})])
                env = getattr(gym.wrappers, name)(env, **arguments)
            self.envs.append(env)
        self.observation_space, self.action_space = env.observation_space, env.action_space

    def reset(self):
        return [env.reset(seed=SEED + i) for i, env in enumerate(self.envs)]

    def step(self, actions):
        """Of each: the observation, the rest of the step, and the final observation if it ended."""
        results = []
        for env, action in zip(self.envs, actions):
            observation, reward, terminated, truncated, info = env.step(action)
            final = None
            if terminated or truncated:
                final = observation
                observation, info = env.reset()
            results.append((observation, reward, terminated, truncated, info, final))
        return results


class Batch:
    """Of EnvPool, or somebody's own: those that ended begin anew by their own partial reset."""

    def __init__(self, case):
        self.pool = "envpool" in case
        self.count = case["count"]
        if self.pool:
            self.env = envpool.make(
                case["envpool"], env_type="gymnasium", num_envs=self.count, seed=SEED)
            self.observation_space = self.env.observation_space
            self.action_space = self.env.action_space
        else:
            self.env = gym.make_vec(case["gymnasium"], num_envs=self.count)
            self.observation_space = self.env.single_observation_space
            self.action_space = self.env.single_action_space

    def reset(self):
        seed = {} if self.pool else {"seed": [SEED + i for i in range(self.count)]}
        return [(row, {}) for row in self.env.reset(**seed)[0]]

    def step(self, actions):
        observations, rewards, terminated, truncated, _ = self.env.step(np.asarray(actions))
        finals = observations.copy()
        ended = terminated | truncated
        if ended.any():
            observations = observations.copy()
            if self.pool:
                observations[ended] = self.env.reset(np.flatnonzero(ended).astype(np.int32))[0]
            else:
                observations[ended] = self.env.reset(options={"reset_mask": ended})[0][ended]
        return [(observations[i], rewards[i], terminated[i], truncated[i], {},
                 finals[i] if ended[i] else None) for i in range(self.count)]


def record(case):
    worlds = Batch(case) if "envpool" in case or "own" in case["gymnasium"] else Lanes(case)
    if isinstance(worlds, Lanes):
        # Once, without wrappers, as its maker registered it.
        check_env(worlds.envs[0].unwrapped, skip_render_check=True)
    observed, acting = worlds.observation_space, worlds.action_space
    acting.seed(SEED)
    rows = worlds.reset()
    told = {**case, "seed": SEED, "first": checksum([numbers(observed, row) for row, _ in rows]),
            "actions": [], "observations": [], "rewards": [], "terminated": [], "truncated": [],
            "finals": [], "masks": []}
    for _ in range(case["steps"]):
        actions = [acting.sample() for _ in range(case["count"])]
        results = worlds.step(actions)
        told["actions"].append(
            [float(x) for action in actions for x in numbers(acting, action)])
        told["observations"].append(checksum([numbers(observed, result[0]) for result in results]))
        told["rewards"].append([float(np.float32(result[1])) for result in results])
        told["terminated"].append([bool(result[2]) for result in results])
        told["truncated"].append([bool(result[3]) for result in results])
        told["finals"].append([
            None if result[5] is None else checksum([numbers(observed, result[5])])
            for result in results])
        if "action_mask" in results[0][4]:
            told["masks"].append([bool(x) for result in results for x in result[4]["action_mask"]])
    return told


def main():
    warnings.simplefilter("ignore")
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own_worlds.py").write_text(OWN)
    sys.path.insert(0, str(folder))
    for name, case in CASES.items():
        told = record(case)
        ends = sum(map(sum, told["terminated"])) + sum(map(sum, told["truncated"]))
        (folder / f"{name}.json").write_text(json.dumps(told))
        print(f"{name}: {case['steps']} steps of {case['count']}, {ends} ends")


main()
