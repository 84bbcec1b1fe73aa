#!/usr/bin/env python3
"""Serves a run of CartPole, asks, gives rewards, ends the server, and reads what it recorded.

    pip install pyarrow pandas
    python .ci/record_check.py runs/cartpole

Types, counts, values, the join of rewards and the order of an episode. Ends with an error at the
first thing that is not as serve/README.md says.
"""

import argparse
import json
import pathlib
import subprocess
import tempfile
import urllib.request

import numpy
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


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("run", type=pathlib.Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        check(arguments.run, "cartpole", pathlib.Path(folder))
    print("pyarrow is content")
