"""Records Optuna's importances of made-up histories, for ImportancesTest.

    python3 -m venv .venv && .venv/bin/pip install optuna==5.0.0 scikit-learn
    .venv/bin/python importance_reference.py

Optuna's fANOVA measures a logarithmic parameter on a linear scale, ours on a logarithmic one: it is
asked of a copy of the history that holds the logarithms.
"""

import json
import math
import pathlib
import random
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.importance import FanovaImportanceEvaluator, PedAnovaImportanceEvaluator
from optuna.trial import TrialState, create_trial

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore")


def number(name, low, high, log=False, step=0.0):
    return {"kind": "float", "name": name, "low": low, "high": high, "log": log, "step": step}


def integer(name, low, high, log=False, step=1):
    return {"kind": "int", "name": name, "low": low, "high": high, "log": log, "step": step}


def choice(name, *choices):
    return {"kind": "categorical", "name": name, "choices": list(choices)}


def draw(parameter, rng):
    if parameter["kind"] == "categorical":
        return rng.randrange(len(parameter["choices"]))
    low, high, step = parameter["low"], parameter["high"], parameter["step"]
    if parameter["log"]:
        drawn = math.exp(rng.uniform(math.log(low), math.log(high)))
        return round(drawn) if parameter["kind"] == "int" else min(max(drawn, low), high)
    if step:
        return low + rng.randrange(round((high - low) / step) + 1) * step
    return rng.uniform(low, high)


def distribution(parameter, linear):
    if parameter["kind"] == "categorical":
        return CategoricalDistribution(parameter["choices"])
    low, high, log = parameter["low"], parameter["high"], parameter["log"]
    if linear and log:
        return FloatDistribution(math.log(low), math.log(high))
    if parameter["kind"] == "int":
        return IntDistribution(low, high, log=log, step=parameter["step"])
    return FloatDistribution(low, high, log=log, step=parameter["step"] or None)


def value(parameter, internal, linear):
    if parameter["kind"] == "categorical":
        return parameter["choices"][internal]
    return math.log(internal) if linear and parameter["log"] else internal


def study(case, linear=False):
    made = optuna.create_study(directions=case["directions"])
    for trial in case["trials"]:
        parameters = [case["parameters"][i] for i in trial["parameters"]]
        made.add_trial(
            create_trial(
                state=TrialState[trial["state"]],
                values=trial["values"],
                params={
                    p["name"]: value(p, v, linear) for p, v in zip(parameters, trial["internal"])
                },
                distributions={p["name"]: distribution(p, linear) for p in parameters},
            )
        )
    return made


def history(name, directions, parameters, objective, trials, seed, present=lambda values: True):
    """present says by index and the values before it whether a parameter is there."""
    rng = random.Random(seed)
    case = {"name": name, "directions": directions, "parameters": parameters, "trials": []}
    for n in range(trials):
        chosen, values = [], {}
        for i, parameter in enumerate(parameters):
            if present(i, values):
                chosen.append(i)
                values[i] = draw(parameter, rng)
        result = objective(values)
        state = "PRUNED" if n % 13 == 5 else "COMPLETE"
        if n == 7:
            result = [math.inf for _ in result]
        case["trials"].append(
            {
                "state": state,
                "parameters": chosen,
                "internal": [values[i] for i in chosen],
                "values": result if state == "COMPLETE" else None,
            }
        )
    targets = [
        None
        if len(directions) == 1
        else (lambda t, i=i, s=-1 if d == "maximize" else 1: s * t.values[i])
        for i, d in enumerate(directions)
    ]
    case["ped-anova"] = [
        optuna.importance.get_param_importances(
            study(case), evaluator=PedAnovaImportanceEvaluator(), target=target
        )
        for target in targets
    ]
    case["fanova"] = [
        optuna.importance.get_param_importances(
            study(case, linear=True), evaluator=FanovaImportanceEvaluator(seed=0), target=target
        )
        for target in targets
    ]
    for trial in case["trials"]:  # JSON has no infinity
        trial["values"] = trial["values"] and [
            "Infinity" if math.isinf(v) else v for v in trial["values"]
        ]
    return case


MIXED = [
    number("rate", 1e-5, 1e-1, log=True),
    number("momentum", 0.0, 1.0),
    number("dropout", 0.0, 0.9, step=0.1),
    integer("layers", 1, 4),
    integer("units", 8, 1024, log=True),
    integer("batch", 32, 2048, step=32),
    choice("activation", "tanh", "relu", "elu"),
    choice("fixed", 5),
    number("constant", 2.0, 2.0),
]


def mixed(v):
    return [
        (math.log10(v[0]) + 3) ** 2
        + 0.8 * (v[3] - 2) ** 2
        + [2.0, 0.0, 0.5][v[6]]
        + 0.3 * v[1]
        + 0.0002 * v[5]
        + v[2] * 0.5
    ]


CONDITIONAL = [
    choice("kind", "sgd", "adam"),
    number("rate", 1e-4, 1.0, log=True),
    number("momentum", 0.0, 0.99),
    number("beta", 0.5, 0.999),
    number("width", 0.0, 1.0),
    number("width", 0.0, 2.0),
]


def conditional_present(i, values):
    if i == 2:
        return values[0] == 0
    if i == 3:
        return values[0] == 1
    if i == 4:
        return values[1] < 0.01
    return i != 5 or values[1] >= 0.01


def conditional(v):
    score = -abs(math.log10(v[1]) + 2)
    score += v[2] if 2 in v else 0.5 - abs(v[3] - 0.9)
    return [score - (v[4] if 4 in v else v[5])]


LINEAR = [number("x", 0.0, 1.0), number("y", 0.0, 1.0), number("z", 0.0, 1.0)]

if __name__ == "__main__":
    cases = [
        history("mixed", ["minimize"], MIXED, mixed, 150, 1, lambda i, v: True),
        history("maximize", ["maximize"], MIXED, lambda v: [-mixed(v)[0]], 60, 2, lambda i, v: True),
        history("conditional", ["maximize"], CONDITIONAL, conditional, 120, 3, conditional_present),
        history("three trials", ["minimize"], LINEAR, lambda v: [v[0]], 3, 4, lambda i, v: True),
        history(
            "two objectives",
            ["minimize", "maximize"],
            LINEAR,
            lambda v: [v[0] ** 2 + 0.3 * v[1], v[2] - 0.2 * v[1]],
            100,
            5,
            lambda i, v: True,
        ),
    ]
    pathlib.Path("tune/src/test/resources/importance/optuna.json").write_text(json.dumps(cases, indent=None) + "\n")
