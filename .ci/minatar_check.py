#!/usr/bin/env python3
"""Records games of MinAtar as JSON, with the random numbers that Mobula draws.

    pip install --no-deps MinAtar==1.0.15 && pip install numpy
    python .ci/minatar_check.py FOLDER [--first-seed 1] [--seeds 20] [--steps 3000]
    mvn -pl rl-core -am verify -Dtest=MinAtarFixtureTest \\
        -Dsurefire.failIfNoSpecifiedTests=false -Dmobula.minatar=FOLDER

MinAtar draws from NumPy's old generator. Here it gets the new one, behind the old one's methods, so
that the Java test can play the same games to the last cell. An observation is recorded as the
CRC-32 of its cells, channel by channel.
"""

import argparse
import json
import pathlib
import zlib

import numpy
from minatar import Environment

GAMES = {
    "breakout": "MinAtar/Breakout-v1",
    "asterix": "MinAtar/Asterix-v1",
    "freeway": "MinAtar/Freeway-v1",
    "seaquest": "MinAtar/Seaquest-v1",
    "space_invaders": "MinAtar/SpaceInvaders-v1",
}


class Random:
    """The methods of RandomState that the games call, on PCG64, number by number."""

    def __init__(self, seed):
        self.generator = numpy.random.default_rng(seed)

    def rand(self, count=None):
        if count is None:
            return self.generator.random()
        return numpy.array([self.generator.random() for _ in range(count)])

    def randint(self, low, high=None, size=None):
        if size is None:
            return int(self.generator.integers(low, high))
        return numpy.array([int(self.generator.integers(low, high)) for _ in range(size)])


def code(game):
    cells = game.state().astype(numpy.uint8).transpose(2, 0, 1)
    return zlib.crc32(numpy.ascontiguousarray(cells).tobytes())


def clever(name, state, random):
    """An action that keeps the game going for a while; none where there is nothing to say."""
    if name == "breakout":
        ball = int(numpy.argwhere(state[:, :, 1])[0][1])
        paddle = int(numpy.argwhere(state[:, :, 0])[0][1])
        return 1 if ball < paddle else 3 if ball > paddle else 0
    if name == "freeway":
        return 2
    if name == "space_invaders":
        return int(random.choice([1, 3, 5, 5]))
    if name == "asterix":
        y, x = (int(i) for i in numpy.argwhere(state[:, :, 0])[0])
        near = state[y, max(0, x - 3) : x + 4, 1].any()
        return int(random.choice([2, 4])) if near else int(random.choice([0, 1, 3]))
    y, x = (int(i) for i in numpy.argwhere(state[:, :, 0])[0])
    oxygen = state[9, :, 7].sum()
    aboard = state[9, :, 8].sum()
    if aboard and (oxygen < 3 or aboard == 6):
        return 2
    if y < 2:
        return 4
    divers = numpy.argwhere(state[:, :, 9])
    if len(divers) and random.random() < 0.5:
        row, column = divers[0]
        if row != y:
            return 4 if row > y else 2
        return 3 if column > x else 1
    return int(random.choice([5, 5, 1, 3]))


def record(name, seed, steps, ramping, cleverness):
    game = Environment(name, sticky_action_prob=0.1, difficulty_ramping=ramping)
    random = Random(seed)
    game.random = random
    game.env.random = random
    choice = numpy.random.default_rng(seed + 1)
    game.reset()
    run = {"seed": seed, "ramping": ramping, "reset": code(game), "steps": []}
    for _ in range(steps):
        action = int(choice.integers(6))
        if choice.random() < cleverness:
            action = clever(name, game.state(), choice)
        reward, over = game.act(action)
        step = [action, int(reward), int(over), code(game)]
        if over:
            game.reset()
            step.append(code(game))
        run["steps"].append(step)
    return run


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, help="where the files are written")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--steps", type=int, default=3000)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for name, ours in GAMES.items():
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        runs = [
            record(name, seed, options.steps, seed % 4 != 3, 0.3 + 0.6 * (seed % 2))
            for seed in seeds
        ]
        path = options.folder / f"{ours.split('/')[1]}.json"
        recording = {"environment": ours, "minatar": "1.0.15", "runs": runs}
        path.write_text(json.dumps(recording, separators=(",", ":")), encoding="utf-8")
        ends = sum(step[2] for run in runs for step in run["steps"])
        rewards = sum(step[1] for run in runs for step in run["steps"])
        best = max(step[1] for run in runs for step in run["steps"])
        print(f"{path}: {len(runs)} runs, {ends} ends, {rewards} rewards, at most {best} at once")


if __name__ == "__main__":
    main()
