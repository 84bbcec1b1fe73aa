"""Records what Optuna's pruners decide, for OptunaPrunersTest.

    python3 -m venv .venv && .venv/bin/pip install optuna==5.0.0
    .venv/bin/python scheduler_reference.py

Up to four trials at a time report made-up learning curves, in a random order. Each event is [trial] where one
begins, [trial, step, value, pruned] where it reports, [trial, value] where it completes. NaN is null.
"""

import json
import math
import pathlib
import random
import warnings

import optuna
from optuna.pruners import HyperbandPruner, MedianPruner, PercentilePruner, SuccessiveHalvingPruner, ThresholdPruner

TRIALS = 60
PLACES = 4

CASES = {
    "asha": (SuccessiveHalvingPruner(min_resource=1, reduction_factor=2), "minimize"),
    "asha-maximize": (SuccessiveHalvingPruner(min_resource=1, reduction_factor=3), "maximize"),
    "asha-auto": (SuccessiveHalvingPruner(), "minimize"),
    "asha-rate": (SuccessiveHalvingPruner(min_resource=2, reduction_factor=2, min_early_stopping_rate=1), "minimize"),
    "asha-bootstrap": (SuccessiveHalvingPruner(min_resource=1, reduction_factor=2, bootstrap_count=3), "maximize"),
    "hyperband": (HyperbandPruner(min_resource=1, max_resource=27), "minimize"),
    "hyperband-auto": (HyperbandPruner(reduction_factor=2), "maximize"),
    "hyperband-bootstrap": (HyperbandPruner(2, 30, 2, 2), "minimize"),
    "median": (MedianPruner(), "minimize"),
    "median-late": (MedianPruner(n_startup_trials=3, n_warmup_steps=4, interval_steps=5, n_min_trials=4), "maximize"),
    "percentile": (PercentilePruner(25.0), "minimize"),
    "percentile-maximize": (PercentilePruner(60.0, n_startup_trials=0), "maximize"),
    "threshold": (ThresholdPruner(lower=-0.1, upper=1.3, n_warmup_steps=3, interval_steps=2), "minimize"),
}


def plain(value):
    return None if math.isnan(value) else value


def record(name, pruner, direction):
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(study_name=name, direction=direction, pruner=pruner)
    numbers = random.Random(name)
    events = []
    running = []
    begun = 0
    while running or begun < TRIALS:
        if begun < TRIALS and len(running) < PLACES:
            trial = study.ask()
            begun += 1
            start, limit, speed = numbers.uniform(0.5, 1.5), numbers.gauss(0.3, 0.3), numbers.uniform(0.05, 0.5)
            stride = 1 if numbers.random() < 0.8 else 3
            running.append([trial, 0, start, limit, speed, stride])
            events.append([trial.number])
            continue
        state = numbers.choice(running)
        trial, step, start, limit, speed, stride = state
        if step >= 27:
            value = limit
            study.tell(trial, value)
            running.remove(state)
            events.append([trial.number, value])
            continue
        value = round(limit + (start - limit) * math.exp(-speed * step) + numbers.gauss(0, 0.05), 2)
        if direction == "maximize":
            value = -value
        if numbers.random() < 0.03:
            value = math.nan
        trial.report(value, step)
        pruned = bool(trial.should_prune())
        events.append([trial.number, step, plain(value), pruned])
        state[1] += stride
        if pruned:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            running.remove(state)
    return events


def brackets(max_resource, reduction_factor):
    pruner = HyperbandPruner(1, max_resource, reduction_factor)
    pruner._try_initialization(None)
    study = optuna.create_study(study_name="brackets", pruner=pruner)
    trials = [study.ask() for _ in range(20)]
    return {
        "max-resource": max_resource,
        "reduction-factor": reduction_factor,
        "budgets": pruner._trial_allocation_budgets,
        "brackets": [pruner._get_bracket_id(study, study._storage.get_trial(t._trial_id)) for t in trials],
    }


warnings.simplefilter("ignore")
recorded = {"optuna": optuna.__version__, "cases": {}}
for name, (pruner, direction) in CASES.items():
    recorded["cases"][name] = record(name, pruner, direction)
recorded["hyperband-brackets"] = [brackets(m, f) for m, f in ((1, 3), (2, 3), (27, 3), (81, 3), (100, 2), (1000, 4), (80, 3))]
lines = ['{"optuna": "%s",' % recorded["optuna"], '"cases": {']
lines += [",\n".join(json.dumps(k) + ": " + json.dumps(v, separators=(",", ":")) for k, v in recorded["cases"].items())]
lines += ["},", '"hyperband-brackets": ' + json.dumps(recorded["hyperband-brackets"], separators=(",", ":")) + "}"]
pathlib.Path("tune/src/test/resources/scheduler/optuna.json").write_text("\n".join(lines) + "\n")
for name, events in recorded["cases"].items():
    print(name, "pruned", sum(len(e) == 4 and e[3] for e in events), "complete", sum(len(e) == 2 for e in events))
