#!/usr/bin/env python3
"""Shares journal files between Mobula and Optuna.

    python .ci/optuna_check.py FOLDER --classpath CLASSPATH

Each writes a thousand trials and the other must know the same of them, goes on with them, and is
read back; then both add to one file at once. Optuna's plots and its dashboard must show the file.
"""

import argparse
import datetime
import json
import math
import os
import pathlib
import socket
import subprocess
import sys
import threading
import time
import urllib.request
import warnings

import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState, create_trial

optuna.logging.set_verbosity(optuna.logging.ERROR)
warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)


def open_storage(file):
    return JournalStorage(JournalFileBackend(str(file)))


def micros(time_):
    if time_ is None:
        return None
    since = time_.astimezone(datetime.timezone.utc) - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return since // datetime.timedelta(microseconds=1)


def described(distribution):
    if isinstance(distribution, CategoricalDistribution):
        choices = ["null" if choice is None else choice for choice in distribution.choices]
        return {"type": "categorical", "choices": choices}
    kind = "float" if isinstance(distribution, FloatDistribution) else "int"
    step = distribution.step
    return {
        "type": kind,
        "low": distribution.low,
        "high": distribution.high,
        "log": distribution.log,
        "step": 0.0 if step is None else step,
    }


def best_trials(storage, name):
    """The Pareto front, by number."""
    study = optuna.load_study(study_name=name, storage=storage)
    return sorted(trial.number for trial in study.best_trials)


def optuna_knows(file):
    """What Optuna knows of a file, in the form in which JournalProcess tells it."""
    storage = open_storage(file)
    return [
        {
            "id": study._study_id,
            "name": study.study_name,
            "directions": [direction.name for direction in study.directions],
            "best": best_trials(storage, study.study_name),
            "user": study.user_attrs,
            "system": study.system_attrs,
            "trials": [
                {
                    "id": trial._trial_id,
                    "number": trial.number,
                    "state": trial.state.name,
                    "values": [float(value) for value in trial.values or []],
                    "params": {
                        name: "null" if value is None else value for name, value in trial.params.items()
                    },
                    "distributions": {
                        name: described(distribution) for name, distribution in trial.distributions.items()
                    },
                    "intermediate": {
                        str(step): float(value) for step, value in trial.intermediate_values.items()
                    },
                    "user": trial.user_attrs,
                    "system": trial.system_attrs,
                    "started": micros(trial.datetime_start),
                    "ended": micros(trial.datetime_complete),
                }
                for trial in storage.get_all_trials(study._study_id)
            ],
        }
        for study in storage.get_all_studies()
    ]


class Mobula:
    def __init__(self, classpath):
        home = os.environ.get("JAVA_HOME")
        java = str(pathlib.Path(home, "bin", "java")) if home else "java"
        self.command = [java, "-cp", classpath, "org.mobula.tune.storage.JournalProcess"]

    def run(self, *arguments):
        subprocess.run([*self.command, *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    def knows(self, file):
        told = file.with_suffix(".json")
        self.run("dump", file, told)
        return json.loads(told.read_text())


def canonical(value):
    return json.dumps(value, sort_keys=True)


def compare(mobula, file):
    """Fails with the first trial of which the two know something different."""
    ours, theirs = mobula.knows(file), optuna_knows(file)
    if canonical(ours) == canonical(theirs):
        return theirs
    for our, their in zip(ours, theirs):
        for our_trial, their_trial in zip(our["trials"], their["trials"]):
            assert canonical(our_trial) == canonical(their_trial), f"\n{our_trial}\n{their_trial}"
        our.pop("trials"), their.pop("trials")
        assert canonical(our) == canonical(their), f"\n{our}\n{their}"
    raise AssertionError(f"{len(ours)} studies, {len(theirs)} in Optuna, or not as many trials")


def objective(trial):
    """Define-by-run: a condition, every kind of distribution, ranges that change."""
    x = trial.suggest_float("x", -5, 5 + trial.number % 3)
    rate = trial.suggest_float("rate", 1e-6, 1e-1, log=True)
    layers = trial.suggest_int("layers", 1, 9, step=2)
    trial.suggest_int("batch", 1, 512, log=True)
    trial.suggest_float("dropout", 0, 0.7, step=0.1)
    kind = trial.suggest_categorical("kind", ["a", "größe", 1, 2.5, True, None])
    if kind == "a":
        trial.suggest_float("momentum", 0, 1)
    trial.set_user_attr("note", {"list": [1, 2.5, None, "é\n\u2028", float("nan")], "kind": kind})
    for step in range(trial.number % 4):
        trial.report(x * step if step < 2 else float("nan"), step * 7)
    if trial.number % 10 == 1:
        raise optuna.TrialPruned
    if trial.number % 10 == 2:
        return float("nan")
    return x * x + math.log10(rate) + layers


def write_with_optuna(file, trials):
    storage = open_storage(file)
    sampler = optuna.samplers.RandomSampler(seed=3)
    study = optuna.create_study(study_name="größe", storage=storage, sampler=sampler)
    study.set_user_attr("by", {"who": ["Optuna", 5]})
    for value in range(trials // 50):
        study.enqueue_trial({"layers": 3, "x": float(value)})
    study.optimize(objective, n_trials=trials - trials // 10)
    for i in range(trials // 20):
        study.add_trial(
            create_trial(
                value=i,
                params={"x": 0.5},
                distributions={"x": FloatDistribution(0, 1)},
                intermediate_values={1: 2, 3: i},
            )
        )
        study.enqueue_trial({"x": 1.0})
    gone = optuna.create_study(study_name="gone", storage=storage)
    gone.ask()
    optuna.delete_study(study_name="gone", storage=storage)
    two = optuna.create_study(
        study_name="two", storage=storage, directions=["maximize", "minimize"], sampler=sampler
    )
    two.optimize(lambda trial: (trial.suggest_float("y", 0, 1), 7), n_trials=trials // 20)
    try:
        optuna.create_study(study_name="two", storage=storage)
    except optuna.exceptions.DuplicatedStudyError:
        pass
    two.ask()


def draw(study):
    for plot in (
        optuna.visualization.plot_optimization_history,
        optuna.visualization.plot_parallel_coordinate,
        optuna.visualization.plot_intermediate_values,
        optuna.visualization.plot_slice,
    ):
        assert plot(study).to_json(), plot


def add_at_once(mobula, file, trials):
    """Mobula and Optuna each add trials to one study."""
    ours = threading.Thread(target=mobula.run, args=("append", file, trials))
    storage = open_storage(file)
    mobula.run("append", file, 1)
    study = optuna.load_study(study_name="shared", storage=storage)
    ours.start()
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1), n_trials=trials)
    ours.join()
    states = [trial.state for trial in study.trials]
    assert states == [TrialState.COMPLETE] * (2 * trials + 1), states


def foreign(mobula, file):
    """What Optuna's users write that Mobula cannot hold neither hides the rest nor shifts it."""
    study = optuna.create_study(study_name="foreign", storage=open_storage(file))
    study.set_user_attr("big", 2**70)
    study.add_trial(
        create_trial(
            value=1.0,
            params={"n": 2**62},
            distributions={"n": optuna.distributions.IntDistribution(0, 2**62)},
        )
    )
    study.enqueue_trial({"x": 2**62})
    study.tell(study.ask(), 2.0)
    with open(file, "a") as journal:
        journal.write('{"op_code": 99, "worker_id": "w"}\n')
    (known,) = mobula.knows(file)
    assert [trial["state"] for trial in known["trials"]] == ["COMPLETE", "COMPLETE"], known
    assert known["trials"][0]["params"] == {"n": float(2**62)}, known
    assert known["user"] == {"big": 2**70}, known
    assert known["best"] == [0], known


def shown_by_dashboard(file):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = pathlib.Path(sys.executable).parent / "optuna-dashboard"
    server = subprocess.Popen(
        [command, "--host", "127.0.0.1", "--port", str(port), "--quiet", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                address = f"http://127.0.0.1:{port}/api/studies"
                with urllib.request.urlopen(address, timeout=30) as answer:
                    return sorted(study["study_name"] for study in json.load(answer)["study_summaries"])
            except OSError:
                assert server.poll() is None, "the dashboard has ended"
                assert time.monotonic() < deadline, "the dashboard does not answer"
                time.sleep(0.2)
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--classpath", required=True)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    mobula = Mobula(arguments.classpath)

    file = arguments.folder / "mobula.log"
    mobula.run("write", file)
    written = compare(mobula, file)
    assert sum(len(study["trials"]) for study in written) == 1000
    study = optuna.load_study(study_name="one", storage=open_storage(file))
    study.optimize(
        lambda trial: trial.suggest_float("rate", 1e-7, 1e-1, log=True)
        + trial.suggest_int("layers", 1, 8, step=2),
        n_trials=20,
    )
    compare(mobula, file)
    draw(study)
    print("Optuna went on with a journal of 1,000 trials of Mobula")

    file = arguments.folder / "optuna.log"
    write_with_optuna(file, 1000)
    compare(mobula, file)
    mobula.run("append", file, 20)
    compare(mobula, file)
    print("Mobula went on with a journal of Optuna")

    file = arguments.folder / "both.log"
    add_at_once(mobula, file, 200)
    compare(mobula, file)
    print("both added 200 trials at once")

    foreign(mobula, arguments.folder / "foreign.log")
    print("records that Mobula cannot hold are passed over")

    shown = shown_by_dashboard(arguments.folder / "mobula.log")
    assert shown == ["one", "two"], shown
    print(f"the dashboard shows the studies {shown}")


if __name__ == "__main__":
    main()
