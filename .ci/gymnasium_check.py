#!/usr/bin/env python3
"""Records trajectories of Gymnasium's classic control and toy text environments as JSON.

    pip install gymnasium==1.4.0 'numpy<2'
    python .ci/gymnasium_check.py FOLDER [--first-seed 1000] [--seeds 20] [--steps 200]
    mvn -pl rl-core -am verify -Dtest=GymnasiumFixtureTest \
        -Dsurefire.failIfNoSpecifiedTests=false -Dmobula.fixtures=FOLDER

The Java test plays the actions again: resets must be equal as floats, trajectories within 1e-5,
those of toy text exactly, with their action masks. Taxi-v3 and CliffWalking-v0 are those of the
versions that follow them, in dry weather and on firm ground: Gymnasium makes them no longer.
Each run takes random actions for the given number of steps and goes on with an unseeded reset
wherever an episode is over. Some of the actions are held for a while, so that cars and pendulums
get somewhere.

The runs are short because Acrobot is chaotic: where sine and cosine differ in their last bit from
one library to the next, trajectories are apart by 1e-5 after some 350 steps.
"""

import argparse
import json
import pathlib

import gymnasium
import numpy
from gymnasium.envs.toy_text.frozen_lake import generate_random_map

SEED_OF_MAPS = 11
TASKS = {
    "CartPole-v1": ("CartPole-v1", {}),
    "Acrobot-v1": ("Acrobot-v1", {}),
    "MountainCar-v0": ("MountainCar-v0", {}),
    "MountainCarContinuous-v0": ("MountainCarContinuous-v0", {}),
    "Pendulum-v1": ("Pendulum-v1", {}),
    "FrozenLake-v1": ("FrozenLake-v1", {}),
    "FrozenLake-v1-firm": ("FrozenLake-v1", {"is_slippery": False}),
    "FrozenLake-v1-rewards": (
        "FrozenLake-v1",
        {"map_name": "8x8", "success_rate": 0.7, "reward_schedule": (5, -2, -0.5)},
    ),
    "FrozenLake-v1-random": ("FrozenLake-v1", {"map_seed": SEED_OF_MAPS, "size": 6, "p": 0.7}),
    "FrozenLake8x8-v1": ("FrozenLake8x8-v1", {}),
    "CliffWalking-v0": ("CliffWalking-v1", {}),
    "CliffWalking-v1": ("CliffWalking-v1", {"is_slippery": True}),
    "Blackjack-v1": ("Blackjack-v1", {}),
    "Blackjack-v1-natural": ("Blackjack-v1", {"natural": True, "sab": False}),
    "Blackjack-v1-plain": ("Blackjack-v1", {"natural": False, "sab": False}),
    "Taxi-v3": ("Taxi-v4", {}),
    "Taxi-v4": (
        "Taxi-v4",
        {
            "is_rainy": True,
            "rainy_probability": 0.6,
            "fickle_passenger": True,
            "fickle_probability": 0.9,
        },
    ),
}


def make(name, arguments):
    """The environment; one with a seed for its map has the random map of that seed."""
    if "map_seed" in arguments:
        desc = generate_random_map(arguments["size"], arguments["p"], arguments["map_seed"])
        return gymnasium.make(name, desc=desc, map_name=None)
    return gymnasium.make(name, **arguments)


def plain(value):
    """Numbers and lists that JSON can hold, with every digit of the value."""
    return numpy.asarray(value).tolist()


def towards_an_end(mask, action, random):
    """An action by which a passenger is picked up and gets about; few random ones bring him there."""
    if mask[4] and random.random() < 0.9:
        return numpy.int64(4)
    if mask[5] and random.random() < 0.5:
        return numpy.int64(5)
    moves = numpy.flatnonzero(mask[:4])
    return random.choice(moves) if random.random() < 0.9 else action


def record(environment, seed, steps):
    environment.action_space.seed(seed)
    hold = numpy.random.default_rng(seed)
    observation, info = environment.reset(seed=seed)
    mask = info.get("action_mask")
    run = {"seed": seed, "reset_observation": plain(observation), "steps": []}
    action = environment.action_space.sample()
    for _ in range(steps):
        if hold.random() < 0.2 + 0.8 * (seed % 2):
            action = environment.action_space.sample()
            if mask is not None:
                action = towards_an_end(mask, action, hold)
        observation, reward, terminated, truncated, info = environment.step(action)
        step = {
            "action": plain(action),
            "observation": plain(observation),
            "reward": float(reward),
            "terminated": bool(terminated),
            "truncated": bool(truncated),
        }
        if "action_mask" in info:
            step["action_mask"] = plain(info["action_mask"])
        if terminated or truncated:
            observation, info = environment.reset()
            step["reset_observation"] = plain(observation)
        mask = info.get("action_mask")
        run["steps"].append(step)
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="where the files are written")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=200)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for file, (name, arguments) in TASKS.items():
        environment = make(name, arguments)
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        recording = {
            "environment": "-".join(file.split("-")[:2]),
            "gymnasium": gymnasium.__version__,
            "numpy": numpy.__version__,
            "max_episode_steps": environment.spec.max_episode_steps,
            "kwargs": [[key, value] for key, value in arguments.items()],
            "runs": [record(environment, seed, options.steps) for seed in seeds],
        }
        path = options.folder / f"{file}.json"
        path.write_text(json.dumps(recording, separators=(",", ":")), encoding="utf-8")
        print(f"{path}: {options.seeds} runs of {options.steps} steps")


if __name__ == "__main__":
    main()
