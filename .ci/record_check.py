#!/usr/bin/env python3
"""Serves a run of CartPole, asks, gives rewards, ends the server, and reads what it recorded; has the
run's policy recorded, and reads that; and has `mobula data describe` read what others write.

    pip install pyarrow pandas duckdb polars
    python .ci/record_check.py runs/cartpole

Types, counts, values, the join of rewards and the order of an episode. Ends with an error at the
first thing that is not as serve/README.md and rl-core/README.md say.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import urllib.request

import duckdb
import numpy
import pandas
import polars
import pyarrow
import pyarrow.parquet as parquet

STEPS = {
    "id": pyarrow.string(),
    "row": pyarrow.int32(),
    "time": pyarrow.timestamp("us", tz="UTC"),
    "model": pyarrow.string(),
    "version": pyarrow.string(),
    "session": pyarrow.string(),
    "request_id": pyarrow.string(),
    "deterministic": pyarrow.bool_(),
    "observation": pyarrow.list_(pyarrow.field("element", pyarrow.float32(), nullable=False)),
    "action": pyarrow.int64(),
    "log_probability": pyarrow.float32(),
    "value": pyarrow.float32(),
}
REWARDS = {
    "id": pyarrow.string(),
    "row": pyarrow.int32(),
    "time": pyarrow.timestamp("us", tz="UTC"),
    "reward": pyarrow.float64(),
    "terminated": pyarrow.bool_(),
    "truncated": pyarrow.bool_(),
}


def types(table):
    return {field.name: field.type for field in table.schema}


def check(run, model, directory):
    server = subprocess.Popen(
        ["cli/mobula", "serve", f"{model}={run}", "--port=0", "--json", f"--record={directory}"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        ask_and_read(server, json.loads(server.stdout.readline())["address"], model, directory)
    finally:
        server.kill()
        server.wait()


def ask_and_read(server, address, model, directory):
    def post(verb, body):
        request = urllib.request.Request(
            f"{address}/v1/policies/{model}/{verb}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)

    random = numpy.random.default_rng(0)
    asked, answers, rewards = [], [], []
    for step in range(300):
        observation = random.normal(0, 0.1, 4).astype(numpy.float32)
        body = {"observation": observation.tolist(), "session": f"é{step % 3}"}
        answers.append(post("act", body | {"deterministic": False}))
        asked.append(observation)
        if step % 2 == 0:
            rewards.append(
                {"id": answers[-1]["id"], "reward": step / 10, "terminated": step == 298}
            )
    batch = post("act", {"observations": numpy.stack(asked).tolist()})
    rewards.append({"id": batch["id"], "row": 299, "reward": -1, "truncated": True})
    told = post("feedback", rewards + [{"id": batch["id"], "row": 300, "reward": 1}])
    assert told == {"matched": 151, "unmatched": [{"id": batch["id"], "row": 300}]}, told
    server.terminate()
    assert server.wait() == 0

    steps = parquet.read_table(directory / model / "steps")
    assert types(steps) == STEPS, steps.schema
    assert steps.num_rows == 600
    frame = steps.to_pandas()
    alone = frame[frame.session.notna()].sort_values("id")
    assert alone.id.tolist() == [answer["id"] for answer in answers]
    assert alone.action.tolist() == [answer["action"] for answer in answers]
    numpy.testing.assert_array_equal(numpy.stack(alone.observation), numpy.stack(asked))
    numpy.testing.assert_allclose(
        alone.log_probability, [answer["log_probability"] for answer in answers], rtol=1e-6
    )
    assert not alone.deterministic.any()
    assert (alone.groupby("session").size() == 100).all()
    assert (alone.model == model).all() and (alone.version == answers[0]["version"]).all()
    together = frame[frame.id == batch["id"]].sort_values("row")
    assert together.row.tolist() == list(range(300))
    assert together.action.tolist() == batch["actions"] and together.deterministic.all()

    table = parquet.read_table(directory / model / "rewards")
    assert types(table) == REWARDS, table.schema
    rewards = table.to_pandas().drop(columns="time")
    joined = frame.merge(rewards, on=["id", "row"], how="left", validate="1:1")
    assert len(joined) == 600 and joined.reward.notna().sum() == 151
    first = joined[joined.id == answers[4]["id"]].iloc[0]
    assert first.reward == 0.4 and first.terminated is False and first.session == "é1"
    last = joined[(joined.id == batch["id"]) & (joined.row == 299)].iloc[0]
    assert last.reward == -1 and last.truncated is True


def mobula(*arguments):
    run = subprocess.run(["cli/mobula", *map(str, arguments)], stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


JOINED = """SELECT count(*), sum(reward), count(DISTINCT session), sum(terminated::int + truncated::int)
    FROM '{0}/steps/*.parquet' JOIN '{0}/rewards/*.parquet' USING (id, row)"""


def check_recorded_policy(run, folder):
    """What `mobula record` writes has the columns of a server's, and the returns that it says."""
    told = mobula(
        "record", run, "--episodes", 20, "--stochastic", "--output", folder, "--json"
    )
    recordings = pathlib.Path(told["recordings"])
    steps = parquet.read_table(recordings / "steps")
    assert types(steps) == STEPS, steps.schema
    rewards = parquet.read_table(recordings / "rewards")
    assert types(rewards.drop_columns("final_observation")) == REWARDS, rewards.schema
    joined = steps.to_pandas().merge(rewards.to_pandas(), on=["id", "row"], validate="1:1")
    assert len(joined) == told["steps"] == len(steps)
    episodes = joined.sort_values("id").groupby("session")
    numpy.testing.assert_allclose(episodes.reward.sum().mean(), told["return_mean"])
    assert (episodes.terminated.last() | episodes.truncated.last()).all()
    assert (joined.final_observation.map(len) == 4 * (joined.terminated | joined.truncated)).all()
    assert ((joined.log_probability < 0) & (joined.log_probability > -20)).all()
    assert duckdb.sql(JOINED.format(recordings)).fetchall() == [(told["steps"],) * 2 + (20, 20)]
    frame = polars.read_parquet(recordings / "steps" / "*.parquet")
    assert frame["action"].sum() == joined.action.sum()
    described = mobula("data", "describe", recordings, "--json")
    assert described["problems"] == [] and described["episodes"] == 20, described
    numpy.testing.assert_allclose(described["returns"]["mean"], told["return_mean"])
    check_others(joined.sort_values("id"), described, folder / "others")


def check_others(joined, expected, folder):
    """The same rows, one table, as pandas, pyarrow, Polars and DuckDB write them."""
    frame = joined[["session", "observation", "action", "reward", "terminated", "truncated"]].copy()
    frame["final_observation"] = joined.final_observation.map(lambda o: o if len(o) else None)
    frame["action"] = frame.action.astype("int8")
    frame["episode_kind"] = pandas.Categorical(["train"] * len(frame))
    table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    writers = {
        "pandas": lambda file: frame.to_parquet(file),
        "gzip": lambda file: frame.to_parquet(file, compression="gzip", row_group_size=100),
        "zstd-2": lambda file: parquet.write_table(
            table, file, compression="zstd", data_page_version="2.0", data_page_size=1024
        ),
        "lz4-plain": lambda file: parquet.write_table(
            table, file, compression="lz4", use_dictionary=False
        ),
        "none": lambda file: parquet.write_table(table, file, compression="none"),
        "polars": lambda file: polars.from_arrow(table).write_parquet(file),
        "duckdb": lambda file: duckdb.from_arrow(table).to_parquet(str(file)),
    }
    for name, write in writers.items():
        (folder / name).mkdir(parents=True)
        write(folder / name / "all.parquet")
    parquet.write_to_dataset(table, folder / "partitions", partition_cols=["session"])
    (folder / "many").mkdir()
    for i, (_, episode) in enumerate(frame.groupby("session")):
        episode.to_parquet(folder / "many" / f"{i}.parquet")
    for name in [*writers, "partitions", "many"]:
        found = mobula("data", "describe", folder / name, "--json")
        assert found["problems"] == [], (name, found["problems"])
        for key in "episodes", "steps", "terminated", "truncated", "returns", "lengths":
            assert found[key] == expected[key], (name, key, found[key], expected[key])
        for ours, others in zip(expected["observations"], found["observations"]):
            assert all(ours[key] == others[key] for key in ("least", "greatest")), (name, others)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("run", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        check(arguments.run, "cartpole", pathlib.Path(folder) / "served")
        check_recorded_policy(arguments.run, pathlib.Path(folder) / "recorded")
    print("pyarrow, pandas, DuckDB and Polars are content")
