#!/usr/bin/env python3
"""Records trajectories of Gymnasium's classic control environments as JSON.

    pip install gymnasium==1.4.0 'numpy<2'
    python .ci/gymnasium_check.py FOLDER [--first-seed 1000] [--seeds 20] [--steps 200]
    mvn -pl rl-core -am verify -Dtest=GymnasiumFixtureTest \
        -Dsurefire.failIfNoSpecifiedTests=false -Dmobula.fixtures=FOLDER

The Java test plays the actions again: resets must be equal as floats, trajectories within 1e-5.
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

NAMES = [
    "CartPole-v1",
    "Acrobot-v1",
    "MountainCar-v0",
    "MountainCarContinuous-v0",
    "Pendulum-v1",
]


def plain(value):
    """Numbers and lists that JSON can hold, with every digit of the value."""
    return numpy.asarray(value).tolist()


def record(environment, seed, steps):
    environment.action_space.seed(seed)
    hold = numpy.random.default_rng(seed)
    observation, _ = environment.reset(seed=seed)
    run = {"seed": seed, "reset_observation": plain(observation), "steps": []}
    action = environment.action_space.sample()
    for _ in range(steps):
        if hold.random() < 0.2 + 0.8 * (seed % 2):
            action = environment.action_space.sample()
        observation, reward, terminated, truncated, _ = environment.step(action)
        step = {
            "action": plain(action),
            "observation": plain(observation),
            "reward": float(reward),
            "terminated": bool(terminated),
            "truncated": bool(truncated),
        }
        if terminated or truncated:
            observation, _ = environment.reset()
            step["reset_observation"] = plain(observation)
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
    for name in NAMES:
        environment = gymnasium.make(name)
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        recording = {
            "environment": name,
            "gymnasium": gymnasium.__version__,
            "numpy": numpy.__version__,
            "max_episode_steps": environment.spec.max_episode_steps,
            "kwargs": [],
            "runs": [record(environment, seed, options.steps) for seed in seeds],
        }
        path = options.folder / f"{name}.json"
        path.write_text(json.dumps(recording, separators=(",", ":")), encoding="utf-8")
        print(f"{path}: {options.seeds} runs of {options.steps} steps")


if __name__ == "__main__":
    main()
