#!/usr/bin/env python3
"""Optuna's samplers on the functions of org.mobula.tune.sampler.RegretBenchmark: one JSON line each.

    optuna_regret.py [seeds [samplers [functions [trials]]]]

The arguments are those of RegretBenchmark; by default 20 seeds of 100 trials with TPE, as Optuna
sets it up when nothing is said. The other samplers need torch (gp) and cmaes.
"""

import json
import math
import sys
import time

import numpy as np
import optuna

HARTMANN_A = np.array(
    [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
HARTMANN_P = np.array(
    [
        [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
        [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
        [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650],
        [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
    ]
)


def branin(trial):
    x, y = trial.suggest_float("x", -5, 10), trial.suggest_float("y", 0, 15)
    parabola = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return parabola**2 + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


def hartmann(x):
    return -float((np.array([1, 1.2, 3, 3.2]) * np.exp(-(HARTMANN_A * (x - HARTMANN_P) ** 2).sum(1))).sum())


def rosenbrock(x):
    return float((100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum())


def rastrigin(x):
    return float((x * x - 10 * np.cos(2 * np.pi * x) + 10).sum())


def michalewicz(x):
    i = np.arange(1, len(x) + 1)
    return -float((np.sin(x) * np.sin(i * x * x / np.pi) ** 20).sum())


def ackley(x):
    return float(
        20 + np.e - 20 * np.exp(-0.2 * np.sqrt((x * x).mean())) - np.exp(np.cos(2 * np.pi * x).mean())
    )


def styblinski_tang(x):
    return float((x**4 - 16 * x * x + 5 * x).sum() / 2)


def levy(z):
    w = 1 + z / 4
    ripple = 10 * np.sin(np.pi * w + 1) ** 2
    ripple[-1] = np.sin(2 * np.pi * w[-1]) ** 2
    return float(np.sin(np.pi * w[0]) ** 2 + ((w - 1) ** 2 * (1 + ripple)).sum())


def griewank(z):
    z = 20 * z
    return float(1 + (z * z).sum() / 4000 - np.prod(np.cos(z / np.sqrt(np.arange(1, len(z) + 1)))))


def mixed(trial):
    rate = math.log10(trial.suggest_float("rate", 1e-5, 1, log=True)) + 2.7
    momentum = trial.suggest_float("momentum", 0, 1) - 0.83
    dropout = trial.suggest_float("dropout", 0, 0.9, step=0.1) - 0.2
    layers = trial.suggest_int("layers", 1, 8) - 3
    width = math.log(trial.suggest_int("width", 8, 1024, log=True) / 200)
    penalty = ["adam", "lion", "rmsprop", "sgd"].index(
        trial.suggest_categorical("optimizer", ["sgd", "adam", "rmsprop", "lion"])
    )
    return (
        rate**2
        + 4 * momentum**2 * (1 + penalty)
        + 2 * dropout**2
        + 0.1 * layers**2 * (1 + abs(rate))
        + 0.2 * width**2
        + 0.5 * penalty
    )


def conditional(trial):
    method = trial.suggest_categorical("method", ["line", "count", "rate"])
    loss = (trial.suggest_float("shared", 0, 1) - 0.7) ** 2
    if method == "line":
        x, y = trial.suggest_float("x", -5, 5), trial.suggest_float("y", -5, 5)
        return loss + 0.2 + (x - 1) ** 2 + (y + x) ** 2
    if method == "count":
        return loss + 0.1 + 0.05 * (trial.suggest_int("count", 1, 40) - 23) ** 2
    rate = math.log10(trial.suggest_float("rate", 1e-6, 1, log=True)) + 3.3
    decay = math.log10(trial.suggest_float("decay", 1e-8, 1e-2, log=True)) + 5.2
    return loss + rate**2 + 0.5 * (decay - rate) ** 2


def box(body, dimensions, low, high, shifted=False):
    shift = np.cos(3.0 * np.arange(dimensions) + 1) * 3 if shifted else 0

    def objective(trial):
        return body(np.array([trial.suggest_float(f"x{i}", low, high) for i in range(dimensions)]) - shift)

    return objective


FUNCTIONS = {
    "branin": (branin, 0.397887),
    "hartmann6": (box(hartmann, 6, 0, 1), -3.32237),
    "rosenbrock5": (box(rosenbrock, 5, -5, 5), 0),
    "rastrigin4": (box(rastrigin, 4, -5.12, 5.12), 0),
    "michalewicz5": (box(michalewicz, 5, 0, math.pi), -4.687658),
    "ackley5": (box(ackley, 5, -32.768, 32.768), 0),
    "styblinskitang5": (box(styblinski_tang, 5, -5, 5), -195.8308285),
    "conditional": (conditional, 0),
    "mixed": (mixed, 0),
    "rastrigin5shifted": (box(rastrigin, 5, -5, 5, True), 0),
    "ackley5shifted": (box(ackley, 5, -5, 5, True), 0),
    "levy5": (box(levy, 5, -5, 5, True), 0),
    "griewank5": (box(griewank, 5, -5, 5, True), 0),
    "sphere20": (box(lambda z: float((z * z).sum()), 20, -5, 5, True), 0),
}
SAMPLERS = {
    "random": optuna.samplers.RandomSampler,
    "tpe": optuna.samplers.TPESampler,
    "cmaes": optuna.samplers.CmaEsSampler,
    "gp": optuna.samplers.GPSampler,
}


def main():
    given = dict(enumerate(sys.argv))
    seeds, trials = int(given.get(1, 20)), int(given.get(4, 100))
    samplers = given.get(2, "tpe")
    functions = given.get(3, "all")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    for function in FUNCTIONS if functions == "all" else functions.split(","):
        objective, minimum = FUNCTIONS[function]
        for sampler in SAMPLERS if samplers == "all" else samplers.split(","):
            regrets, start = [], time.process_time()
            for seed in range(seeds):
                study = optuna.create_study(sampler=SAMPLERS[sampler](seed=seed))
                study.optimize(objective, n_trials=trials)
                regrets.append(study.best_value - minimum)
            milliseconds = (time.process_time() - start) * 1e3 / seeds / trials
            result = {
                "sampler": f"optuna {sampler}",
                "function": function,
                "trials": trials,
                "seeds": seeds,
                "median_regret": float(f"{sorted(regrets)[seeds // 2]:.4g}"),
                "upper_quartile_regret": float(f"{sorted(regrets)[3 * seeds // 4]:.4g}"),
                "milliseconds_per_trial": round(milliseconds, 4),
            }
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
