"""Writes tpe-reference.json: what Optuna 5.0.0's TPE computes on the way, for histories drawn here.

usage: python tpe_reference.py > tune/src/test/resources/org/mobula/tune/sampler/tpe-reference.json
"""
import functools
import json
import math

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import (
    _split_trials,
    default_gamma,
    default_gamma_multiobjective,
    default_weights,
)
from optuna.trial import TrialState, create_trial

assert optuna.__version__ == "5.0.0"
rng = np.random.default_rng(5)
# Among equal observations the order, and so which kernel is the wider one, is open: here, the older
# first.
np.argsort = functools.partial(np.argsort, kind="stable")
PARAMETERS = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)
DISTRIBUTIONS = {
    "float": FloatDistribution(-2, 3),
    "log": FloatDistribution(1e-5, 10, log=True),
    "step": FloatDistribution(0.1, 0.9, step=0.1),
    "int": IntDistribution(-3, 40),
    "int-step": IntDistribution(2, 200, step=3),
    "int-log": IntDistribution(1, 1000, log=True),
    "choice": CategoricalDistribution(("a", "b", "c")),
}


def draw(distribution):
    """A number as the journal keeps it."""
    if isinstance(distribution, CategoricalDistribution):
        return int(rng.integers(len(distribution.choices)))
    low, high, step = distribution.low, distribution.high, distribution.step
    if distribution.log:
        value = math.exp(rng.uniform(math.log(low), math.log(high)))
        return round(value) if step else value
    if step:
        return min(high, low + step * int(rng.integers(round((high - low) / step) + 1)))
    return rng.uniform(low, high)


def estimator(names, count, uniform=False):
    space = {name: DISTRIBUTIONS[name] for name in names}
    rows = [[draw(d) for d in space.values()] for _ in range(count)]
    points = [[draw(d) for d in space.values()] for _ in range(5)]
    columns = {name: np.array([row[i] for row in rows], dtype=float) for i, name in enumerate(names)}
    built = _ParzenEstimator(columns, space, PARAMETERS, np.ones(count) if uniform else None)
    mixture = built._mixture_distribution
    at = {name: np.array([point[i] for point in points], dtype=float) for i, name in enumerate(names)}
    return {
        "parameters": names,
        "observations": [list(map(float, column)) for column in columns.values()],
        "uniform": uniform,
        "weights": mixture.weights.tolist(),
        "centres": [getattr(d, "mu", np.array([])).tolist() for d in mixture.distributions],
        "widths": [getattr(d, "sigma", np.array([])).tolist() for d in mixture.distributions],
        "points": points,
        "log-densities": built.log_pdf(at).tolist(),
    }


def split(directions, count, pruned=0.0, infeasible=0.0, running=0.0, digits=6):
    study = optuna.create_study(directions=directions)
    trials = []
    for number in range(count):
        kind = rng.uniform()
        values = [round(v, digits) for v in rng.normal(size=len(directions))]
        trial = {"state": "COMPLETE", "values": values, "reports": {}, "constraints": []}
        if kind < pruned:
            trial["state"], trial["values"] = "PRUNED", []
            trial["reports"] = {
                int(step): round(float(rng.normal()), digits) for step in rng.integers(0, 6, size=2)
            }
            if number % 3 == 0:
                trial["reports"] = {}
        elif kind < pruned + running:
            trial["state"], trial["values"] = "RUNNING", []
        elif kind < pruned + running + infeasible:
            trial["constraints"] = [round(v, digits) for v in rng.normal(size=2)]
        trials.append(trial)
        record = create_trial(
            state=TrialState[trial["state"]],
            values=trial["values"] or None,
            intermediate_values=trial["reports"],
            system_attrs={"constraints": trial["constraints"]} if trial["constraints"] else {},
        )
        record.number = number
        trial["record"] = record
    records = [trial.pop("record") for trial in trials]
    finished = sum(trial["state"] != "RUNNING" for trial in trials)
    gamma = default_gamma if len(directions) == 1 else default_gamma_multiobjective
    below, above = _split_trials(study, records, gamma(finished))
    return {
        "directions": [d.upper() for d in directions],
        "trials": trials,
        "below": [t.number for t in below],
        "above": [t.number for t in above],
    }


optuna.logging.set_verbosity(optuna.logging.ERROR)
names = list(DISTRIBUTIONS)
reference = {
    "estimators": [estimator([name], count) for name in names for count in (0, 1, 2, 9)]
    + [estimator([name], count) for name in ("float", "log", "choice") for count in (25, 26, 30, 140)]
    + [estimator(names, count) for count in (0, 1, 3, 14)]
    + [estimator(["float", "log", "choice"], 40), estimator(["float", "choice"], 30, uniform=True)],
    "splits": [
        split(["minimize"], 30),
        split(["maximize"], 300),
        split(["minimize"], 60, pruned=0.3, infeasible=0.3, running=0.1),
        split(["maximize"], 40, pruned=0.95),
        split(["minimize"], 40, infeasible=1.0, running=0.2),
        split(["minimize", "minimize"], 50),
        split(["maximize", "minimize"], 200, infeasible=0.2, running=0.1, digits=1),
        split(["minimize", "maximize", "minimize"], 120),
        split(["minimize"] * 4, 150, digits=2),
    ],
}
print(json.dumps(reference))
