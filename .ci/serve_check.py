#!/usr/bin/env python3
"""Asks a running server of CartPole's policies as the Open Inference Protocol's own clients do.

    pip install 'tritonclient[http]==2.73.0'
    cli/mobula serve cartpole=runs/cartpole --port 8080
    python .ci/serve_check.py 127.0.0.1:8080 cartpole [MASKED]

Health, metadata, inference with raw and JSON tensors, errors, and the repository: index, unload,
load; and a policy of two choices that needs action masks, if one is named. Ends with an error at the first answer that is not what the client's library expects.
"""

import argparse
import json
import urllib.request

import numpy
import tritonclient.http as http
from tritonclient.utils import InferenceServerException


def infer(client, model, observations, binary, **parameters):
    tensor = http.InferInput("observation", list(observations.shape), "FP32")
    tensor.set_data_from_numpy(observations, binary_data=binary)
    names = ["action", "log_probability", "value"]
    wanted = [http.InferRequestedOutput(name, binary_data=binary) for name in names]
    result = client.infer(
        model, [tensor], outputs=wanted, request_id="r-1", parameters=parameters or None
    )
    assert result.get_response()["id"] == "r-1"
    return [result.as_numpy(name) for name in names]


def refused(call, part):
    try:
        call()
    except InferenceServerException as error:
        assert part in str(error), str(error)
    else:
        raise AssertionError("not refused: " + part)


def check(address, model):
    client = http.InferenceServerClient(address)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(model)
    server = client.get_server_metadata()
    assert "binary_tensor_data" in server["extensions"], server

    metadata = client.get_model_metadata(model)
    assert metadata["name"] == model
    assert metadata["inputs"] == [{"name": "observation", "datatype": "FP32", "shape": [-1, 4]}]
    version = metadata["versions"][0]
    assert client.is_model_ready(model, version)
    assert client.get_model_metadata(model, version)["versions"] == metadata["versions"]

    observations = numpy.random.default_rng(0).normal(0, 0.1, (5, 4)).astype(numpy.float32)
    raw = infer(client, model, observations, binary=True)
    text = infer(client, model, observations, binary=False)
    for one, other in zip(raw, text):
        assert one.shape == (5,)
        numpy.testing.assert_allclose(one, other, rtol=1e-6)
    assert raw[0].dtype == numpy.int64 and raw[1].dtype == numpy.float32
    alone = infer(client, model, observations[2:3], binary=True)
    numpy.testing.assert_allclose(alone[2][0], raw[2][2], rtol=1e-4)

    # Without outputs the client asks for all of them, raw.
    tensor = http.InferInput("observation", [5, 4], "FP32")
    tensor.set_data_from_numpy(observations)
    everything = client.infer(model, [tensor], model_version=version)
    numpy.testing.assert_array_equal(everything.as_numpy("action"), raw[0])
    assert everything.get_response()["model_version"] == version

    sampled = [infer(client, model, observations, True, deterministic=False, seed=3)[0] for _ in "ab"]
    numpy.testing.assert_array_equal(*sampled)

    pending = [client.async_infer(model, [tensor]) for _ in range(50)]
    for future in pending:
        numpy.testing.assert_array_equal(future.get_result().as_numpy("action"), raw[0])

    compressed = client.infer(
        model, [tensor], request_compression_algorithm="gzip", response_compression_algorithm="gzip"
    )
    numpy.testing.assert_array_equal(compressed.as_numpy("action"), raw[0])

    refused(lambda: client.infer("other", [tensor]), "there is no model 'other'")
    refused(lambda: client.infer(model, [tensor], model_version="77777"), "has no version")
    refused(lambda: infer(client, model, observations, True, sede=3), "did you mean 'seed'?")
    wrong = http.InferInput("observation", [4, 5], "FP32")
    wrong.set_data_from_numpy(observations.reshape(4, 5))
    refused(lambda: client.infer(model, [wrong]), "has shape [4, 5] but must have [-1, 4]")

    act = urllib.request.Request(
        f"http://{address}/v1/policies/{model}/act",
        json.dumps({"observations": observations.tolist()}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(act) as answer:
        acted = json.load(answer)
    assert acted["actions"] == raw[0].tolist() and acted["version"] == version

    index = client.get_model_repository_index()
    assert {"name": model, "version": version, "state": "READY", "reason": ""} in index, index
    client.unload_model(model)
    assert not client.is_model_ready(model)
    assert not client.is_server_ready()
    refused(lambda: client.infer(model, [tensor]), "is not loaded")
    client.load_model(model)
    assert client.is_server_ready()
    numpy.testing.assert_array_equal(infer(client, model, observations, True)[0], raw[0])
    client.close()


def check_masked(address, model):
    client = http.InferenceServerClient(address)
    inputs = client.get_model_metadata(model)["inputs"]
    assert inputs[1] == {"name": "mask", "datatype": "BOOL", "shape": [-1, 2]}, inputs
    masks = numpy.eye(2, dtype=bool)[[0, 1, 1, 0]]
    observation = http.InferInput("observation", [4, 4], "FP32")
    observation.set_data_from_numpy(numpy.zeros((4, 4), numpy.float32))
    for binary in (True, False):
        mask = http.InferInput("mask", [4, 2], "BOOL")
        mask.set_data_from_numpy(masks, binary_data=binary)
        answer = client.infer(model, [observation, mask])
        assert answer.as_numpy("action").tolist() == [0, 1, 1, 0]
        assert not answer.as_numpy("log_probability").any()
    refused(lambda: client.infer(model, [observation]), "input 'mask' is missing")
    client.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("address")
    parser.add_argument("model")
    parser.add_argument("masked", nargs="?")
    arguments = parser.parse_args()
    check(arguments.address, arguments.model)
    print("tritonclient is content")
    if arguments.masked:
        check_masked(arguments.address, arguments.masked)
