#!/usr/bin/env python3
"""Asks a running server of CartPole's policies over gRPC as the protocol's own clients do.

    pip install 'tritonclient[grpc,http]==2.73.0' 'kserve==0.21.0'
    pip install grpcio-health-checking grpcio-reflection
    cli/mobula serve cartpole=runs/cartpole --port 8080 --grpc-port 9000
    python .ci/grpc_check.py 127.0.0.1:8080 127.0.0.1:9000 cartpole

Every call that tritonclient.grpc and kserve's two clients have and the protocol knows. Each of the
two brings its own copy of the protocol's messages, and one process takes only one of them: each is
asked in a process of its own. Ends with an error at the first answer that is not what the client's
library expects.
"""

import argparse
import asyncio
import multiprocessing
import queue
import sys

import numpy

OBSERVATIONS = numpy.random.default_rng(0).normal(0, 0.1, (5, 4)).astype(numpy.float32)
OUTPUTS = ["action", "log_probability", "value"]


def check_triton(address, model):
    import tritonclient.grpc as grpc
    import tritonclient.grpc.aio as grpc_aio
    from tritonclient.utils import InferenceServerException

    def tensor(observations=OBSERVATIONS):
        made = grpc.InferInput("observation", list(observations.shape), "FP32")
        made.set_data_from_numpy(observations)
        return made

    def refused(call, status, part):
        try:
            call()
        except InferenceServerException as error:
            assert status in str(error.status()), error.status()
            assert part in error.message(), error.message()
        else:
            raise AssertionError("not refused: " + part)

    client = grpc.InferenceServerClient(address)
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready(model)
    server = client.get_server_metadata(as_json=True)
    assert "model_repository" in server["extensions"], server

    metadata = client.get_model_metadata(model)
    assert metadata.name == model and metadata.platform == "mobula_policy"
    assert [(i.name, i.datatype, list(i.shape)) for i in metadata.inputs] == [
        ("observation", "FP32", [-1, 4])
    ]
    version = metadata.versions[0]
    assert client.is_model_ready(model, version)
    assert not client.is_model_ready(model, "77777")

    wanted = [grpc.InferRequestedOutput(name) for name in OUTPUTS]
    result = client.infer(model, [tensor()], outputs=wanted, request_id="r-1")
    assert result.get_response().id == "r-1"
    assert result.get_response().model_version == version
    expected = [result.as_numpy(name) for name in OUTPUTS]
    assert expected[0].dtype == numpy.int64 and expected[1].dtype == numpy.float32
    assert all(one.shape == (5,) for one in expected)
    only = client.infer(model, [tensor()], outputs=wanted[2:])
    assert [output.name for output in only.get_response().outputs] == ["value"]
    alone = client.infer(model, [tensor(OBSERVATIONS[2:3])], model_version=version)
    numpy.testing.assert_allclose(alone.as_numpy("value")[0], expected[2][2], rtol=1e-4)

    sampled = [
        client.infer(
            model,
            [tensor()],
            sequence_id="episode-1",
            sequence_start=True,
            sequence_end=False,
            priority=1,
            timeout=30_000_000,
            client_timeout=30,
            compression_algorithm="gzip",
            parameters={"deterministic": False, "seed": 3},
        ).as_numpy("action")
        for _ in "ab"
    ]
    numpy.testing.assert_array_equal(*sampled)
    client.infer(model, [tensor()], sequence_id=7)

    answers = queue.Queue()
    for _ in range(50):
        client.async_infer(model, [tensor()], lambda result, error: answers.put((result, error)))
    for _ in range(50):
        result, error = answers.get(timeout=30)
        assert error is None, error
        numpy.testing.assert_array_equal(result.as_numpy("action"), expected[0])

    client.start_stream(lambda result, error: answers.put((result, error)))
    for i in range(100):
        client.async_stream_infer(
            model if i != 50 else "other", [tensor()], request_id=str(i), sequence_id=7
        )
    for i in range(100):
        result, error = answers.get(timeout=30)
        if i == 50:
            assert "there is no model 'other'" in str(error), error
        else:
            assert error is None, error
            assert result.get_response().id == str(i)
            numpy.testing.assert_array_equal(result.as_numpy("action"), expected[0])
    client.stop_stream()

    refused(lambda: client.infer("other", [tensor()]), "NOT_FOUND", "there is no model 'other'")
    refused(
        lambda: client.infer(model, [tensor()], model_version="77777"), "NOT_FOUND", "no version"
    )
    refused(
        lambda: client.infer(model, [tensor()], parameters={"sede": 3}),
        "INVALID_ARGUMENT",
        "did you mean 'seed'?",
    )
    refused(
        lambda: client.infer(model, [tensor(OBSERVATIONS.reshape(4, 5))]),
        "INVALID_ARGUMENT",
        "has shape [4, 5] but must have [-1, 4]",
    )
    refused(
        lambda: client.infer(model, [tensor()], timeout=1),
        "DEADLINE_EXCEEDED",
        "was not answered in time",
    )

    index = client.get_model_repository_index()
    indexed = [(m.name, m.version, m.state) for m in index.models]
    assert (model, version, "READY") in indexed, indexed
    client.unload_model(model)
    assert not client.is_model_ready(model)
    assert not client.is_server_ready()
    refused(lambda: client.infer(model, [tensor()]), "UNAVAILABLE", "is not loaded")
    refused(lambda: client.load_model(model, config="{}"), "INVALID_ARGUMENT", "leave out 'config'")
    client.load_model(model)
    assert client.is_server_ready()
    client.close()

    async def asynchronously():
        async with grpc_aio.InferenceServerClient(address) as other:
            assert await other.is_server_live() and await other.is_server_ready()
            assert await other.is_model_ready(model)
            result = await other.infer(model, [tensor()])
            numpy.testing.assert_array_equal(result.as_numpy("action"), expected[0])

            async def requests():
                for i in range(5):
                    yield {"model_name": model, "inputs": [tensor()], "request_id": str(i)}

            ids = []
            async for result, error in other.stream_infer(requests()):
                assert error is None, error
                ids.append(result.get_response().id)
            assert ids == list("01234"), ids

    asyncio.run(asynchronously())
    print("tritonclient.grpc is content")


def check_kserve(http_address, grpc_address, model):
    import logging

    from grpc.aio import AioRpcError
    from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

    logging.getLogger("kserve").setLevel(logging.CRITICAL)  # it logs what it also raises

    def request(binary):
        made = InferInput("observation", [5, 4], "FP32")
        made.set_data_from_numpy(OBSERVATIONS, binary_data=binary)
        return InferRequest(
            model, [made], request_id="r-1", parameters={"deterministic": False, "seed": 3}
        )

    def values(response):
        assert response.id == "r-1" and response.model_name == model, response
        return {output.name: output.as_numpy() for output in response.outputs}

    async def ask():
        answers = []
        remote = InferenceGRPCClient(grpc_address)
        assert await remote.is_server_live()
        assert await remote.is_server_ready()
        assert await remote.is_model_ready(model)
        for binary in (True, False):
            answers.append(values(await remote.infer(request(binary))))
        try:
            await remote.infer(InferRequest("other", request(True).inputs))
            raise AssertionError("not refused")
        except AioRpcError as error:
            assert "there is no model 'other'" in error.details(), error
        await remote.close()

        url = "http://" + http_address
        rest = InferenceRESTClient(RESTConfig(protocol="v2"))
        assert await rest.is_server_live(url)
        assert await rest.is_server_ready(url)
        assert await rest.is_model_ready(url, model)
        for binary in (True, False):
            answers.append(values(await rest.infer(url, request(binary), model_name=model)))
        await rest.close()
        return answers

    first, *others = asyncio.run(ask())
    assert sorted(first) == OUTPUTS, first
    for other in others:
        numpy.testing.assert_array_equal(other["action"], first["action"])
        numpy.testing.assert_allclose(other["value"], first["value"], rtol=1e-5)
    print("kserve is content, with gRPC and REST")


def check_services(address):
    """As load balancers and tools ask: grpc.health.v1, and reflection."""
    import grpc
    from google.protobuf.descriptor_pool import DescriptorPool
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
        ProtoReflectionDescriptorDatabase,
    )

    service = "inference.GRPCInferenceService"
    with grpc.insecure_channel(address) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for name in ("", service):
            answer = health.Check(health_pb2.HealthCheckRequest(service=name))
            assert answer.status == health_pb2.HealthCheckResponse.SERVING, answer
        try:
            health.Check(health_pb2.HealthCheckRequest(service="other"))
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.NOT_FOUND, error
        else:
            raise AssertionError("a service that is not there is not refused")
        watched = health.Watch(health_pb2.HealthCheckRequest())
        assert next(watched).status == health_pb2.HealthCheckResponse.SERVING
        watched.cancel()

        database = ProtoReflectionDescriptorDatabase(channel)
        assert {service, "grpc.health.v1.Health"} <= set(database.get_services())
        methods = DescriptorPool(database).FindServiceByName(service).methods_by_name
        assert {"ModelInfer", "ModelStreamInfer", "ServerReady"} <= set(methods), list(methods)
    print("grpcio's health check and reflection are content")


def alone(check, *arguments):
    process = multiprocessing.get_context("spawn").Process(target=check, args=arguments)
    process.start()
    process.join()
    if process.exitcode != 0:
        sys.exit(f"{check.__name__} failed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("http_address")
    parser.add_argument("grpc_address")
    parser.add_argument("model")
    arguments = parser.parse_args()
    alone(check_services, arguments.grpc_address)
    alone(check_triton, arguments.grpc_address, arguments.model)
    alone(check_kserve, arguments.http_address, arguments.grpc_address, arguments.model)
