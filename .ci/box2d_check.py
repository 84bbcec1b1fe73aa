#!/usr/bin/env python3
"""Records what fixed policies reach in Gymnasium's Box2D environments, and trajectories, as JSON.

    pip install 'gymnasium[box2d]==1.4.0' 'numpy<2'
    python .ci/box2d_check.py FOLDER [--first-seed 1000] [--episodes 1000] [--fewer 1] [--seeds 20] [--processes 2]
    mvn -pl rl-core -am verify -Dtest=Box2dFixtureTest \
        -Dsurefire.failIfNoSpecifiedTests=false -Dmobula.box2d=FOLDER

The Java test plays the trajectories again: the same seed gives the same ground and the same push, and
motions that are equal up to rounding as long as nothing touches the ground. Collisions magnify the
rounding, so whole episodes are compared by distribution: the returns and lengths of the same policies
with other seeds, by Kolmogorov and Smirnov's test.
"""

import argparse
import concurrent.futures
import json
import pathlib
import warnings

import numpy

warnings.simplefilter("ignore")
import gymnasium  # noqa: E402
from gymnasium.envs.box2d.bipedal_walker import BipedalWalkerHeuristics  # noqa: E402
from gymnasium.envs.box2d.lunar_lander import heuristic  # noqa: E402

TASKS = {
    "LunarLander-v3": ("LunarLander-v3", {}),
    "LunarLander-v3-wind": ("LunarLander-v3", {"enable_wind": True, "gravity": -6.0}),
    "LunarLanderContinuous-v3": ("LunarLanderContinuous-v3", {}),
    "BipedalWalker-v3": ("BipedalWalker-v3", {}),
    "BipedalWalkerHardcore-v3": ("BipedalWalkerHardcore-v3", {}),
}
CONSTANT = {
    "LunarLander-v3": 2,
    "LunarLanderContinuous-v3": [0.1, -0.6],
    "BipedalWalker-v3": [0.3, -0.2, -0.4, 0.6],
    "BipedalWalkerHardcore-v3": [0.3, -0.2, -0.4, 0.6],
}


def random_action(space, random):
    """The numbers that are drawn are those of Box2dFixtureTest."""
    if hasattr(space, "n"):
        return int(random.integers(0, space.n))
    return random.uniform(-1, 1, space.shape).astype(numpy.float32)


def policy(kind, environment, name, seed):
    """A function from observations to actions, for one episode."""
    random = numpy.random.default_rng(seed)
    if kind == "random":
        return lambda observation: random_action(environment.action_space, random)
    if kind == "constant":
        constant = CONSTANT[name]
        action = constant if isinstance(constant, int) else numpy.array(constant, numpy.float32)
        return lambda observation: action
    if name.startswith("LunarLander"):
        return lambda observation: heuristic(environment, observation)
    walk = BipedalWalkerHeuristics()
    walk.a = numpy.zeros(4)
    return walk.step_heuristic


def play(task):
    """The returns and lengths of a policy's episodes."""
    name, arguments, kind, first_seed, episodes = task
    environment = gymnasium.make(name, **arguments)
    returns, lengths = [], []
    for seed in range(first_seed, first_seed + episodes):
        if not name.startswith("LunarLander"):
            # Gymnasium's walkers keep their world, and an episode in a used world is another one.
            environment = gymnasium.make(name, **arguments)
        observation, _ = environment.reset(seed=seed)
        act = policy(kind, environment, name, seed)
        total, length, over = 0.0, 0, False
        while not over:
            action = act(observation)
            if not isinstance(action, int):
                action = numpy.asarray(action, numpy.float32)
            observation, reward, terminated, truncated, _ = environment.step(action)
            total += float(reward)
            length += 1
            over = terminated or truncated
        returns.append(round(total, 4))
        lengths.append(length)
    return returns, lengths


def rounded(numbers):
    """To nine digits, which say which single-precision number it is."""
    return [float(f"{number:.9g}") for number in numbers.tolist()]


def record(name, arguments, seed):
    """A trajectory of random actions that are held for a while."""
    environment = gymnasium.make(name, **arguments)
    random = numpy.random.default_rng(seed)
    observation, _ = environment.reset(seed=seed)
    run = {"seed": seed, "reset": rounded(observation), "steps": []}
    over = False
    action = random_action(environment.action_space, random)
    while not over and len(run["steps"]) < 200:
        if random.random() < 0.3:
            action = random_action(environment.action_space, random)
        observation, reward, terminated, truncated, _ = environment.step(action)
        over = terminated or truncated
        numbers = rounded(numpy.atleast_1d(action))
        run["steps"].append([numbers, rounded(observation), round(float(reward), 7), bool(terminated)])
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="where the files are written")
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--episodes", type=int, default=1000, help="of each policy")
    parser.add_argument("--fewer", type=int, default=1, help="so many times, of walkers")
    parser.add_argument("--seeds", type=int, default=20, help="trajectories of each environment")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--tasks", default=",".join(TASKS))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    tasks = {file: TASKS[file] for file in options.tasks.split(",")}
    with concurrent.futures.ProcessPoolExecutor(options.processes) as processes:
        # Episodes of walkers are long.
        episodes = {
            file: options.episodes // (1 if file.startswith("LunarLander") else options.fewer)
            for file in tasks
        }
        played = {
            (file, kind): processes.submit(
                play, (name, arguments, kind, options.first_seed, episodes[file]))
            for file, (name, arguments) in tasks.items()
            for kind in ("heuristic", "random", "constant")
        }
        for file, (name, arguments) in tasks.items():
            seeds = range(options.first_seed, options.first_seed + options.seeds)
            recording = {
                "environment": name,
                "gymnasium": gymnasium.__version__,
                "options": {key.replace("_", "-"): value for key, value in arguments.items()},
                "constant": numpy.atleast_1d(CONSTANT[name]).tolist(),
                "runs": [record(name, arguments, seed) for seed in seeds],
                "policies": {},
            }
            for kind in ("heuristic", "random", "constant"):
                returns, lengths = played[file, kind].result()
                recording["policies"][kind] = {"returns": returns, "lengths": lengths}
            path = options.folder / f"{file}.json"
            path.write_text(json.dumps(recording, separators=(",", ":")), encoding="utf-8")
            print(f"{path}: {options.seeds} trajectories, {episodes[file]} episodes a policy")


if __name__ == "__main__":
    main()
