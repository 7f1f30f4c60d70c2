"""The Open Inference Protocol, by the client of NVIDIA's Triton and by hand."""

import json
import subprocess
import sys

import numpy as np
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from kgan.runtime import OnnxModel
from kgan.version import __version__

LATENT = np.random.RandomState(0).standard_normal((3, 4)).astype("float32")
LABEL = np.int32([2, 0, 1])
PATH = "/v2/models/tiny/infer"


@pytest.fixture(scope="module")
def client(server):
    client = triton.InferenceServerClient(f"127.0.0.1:{server.port}")
    yield client
    client.close()


@pytest.fixture(scope="module")
def tiny(files):
    return OnnxModel(files / "tiny.onnx")


def tensor(name, values, datatype, binary=True):
    made = triton.InferInput(name, list(values.shape), datatype)
    made.set_data_from_numpy(values, binary_data=binary)
    return made


def body(**changes):
    """A request in JSON, some of whose parts are others."""
    inputs = [
        {"name": "latent", "datatype": "FP32", "shape": [1, 4], "data": [0.5, 1, -1, 0]},
        {"name": "label", "datatype": "INT32", "shape": [1], "data": [1]},
    ]
    return {"inputs": inputs, **changes}


def with_input(at, **changes):
    inputs = body()["inputs"]
    inputs[at] = {key: each for key, each in (inputs[at] | changes).items() if each is not None}
    return body(inputs=inputs)


def test_a_client_finds_the_server_and_its_models(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("tiny") and client.is_model_ready("tiny", "1")
    assert not client.is_model_ready("other") and not client.is_model_ready("tiny", "2")
    about = client.get_server_metadata()
    assert about == {
        "name": "kgan",
        "version": __version__,
        "extensions": ["binary_tensor_data"],
    }


def test_the_metadata_say_what_the_fields_are(client):
    about = client.get_model_metadata("inpainter", "1")
    assert about["versions"] == ["1"] and about["platform"] == "onnxruntime_onnx"
    assert about["parameters"] == {"entry": "inpaint", "model": "Tiny"}
    assert [(each["name"], each["datatype"], each["shape"]) for each in about["inputs"]] == [
        ("image", "FP32", [-1, -1, -1, 3]),
        ("mask", "FP32", [-1, -1, -1, 1]),
    ]
    label = client.get_model_metadata("tiny")["inputs"][1]
    assert (label["datatype"], label["shape"]) == ("INT32", [-1])
    assert label["parameters"]["names"] == ["shirt", "coat", "bag"]


@pytest.mark.parametrize("binary_input", [True, False])
@pytest.mark.parametrize("binary_output", [True, False])
def test_the_answers_are_those_of_onnxruntime(client, tiny, binary_input, binary_output):
    inputs = [tensor("label", LABEL, "INT32", binary_input)]
    inputs.append(tensor("latent", LATENT, "FP32", binary_input))  # in any order
    outputs = [triton.InferRequestedOutput("image", binary_data=binary_output)]
    for asked in (outputs, None):  # None asks for all, as binary data
        result = client.infer("tiny", inputs, outputs=asked, request_id="7")
        response = result.get_response()
        assert (response["model_name"], response["model_version"]) == ("tiny", "1")
        assert response["id"] == "7"
        (image,) = tiny({"latent": LATENT, "label": LABEL}).values()
        np.testing.assert_allclose(result.as_numpy("image"), image, atol=1e-6)


def test_images_go_in_and_out(client):
    random = np.random.RandomState(0)
    image = random.uniform(-1, 1, (2, 5, 7, 3)).astype("float32")
    mask = (random.uniform(size=(2, 5, 7, 1)) > 0.5).astype("float32")
    inputs = [tensor("image", image, "FP32"), tensor("mask", mask, "FP32", binary=False)]
    result = client.infer("inpainter", inputs, model_version="1")
    np.testing.assert_array_equal(result.as_numpy("filled"), image * mask)


def test_many_clients_get_what_is_theirs(client, server, tiny):
    """Their requests are joined: the metrics say so."""
    pool = triton.InferenceServerClient(f"127.0.0.1:{server.port}", concurrency=16)
    latents = np.random.RandomState(1).standard_normal((64, 1, 4)).astype("float32")
    labels = np.arange(64, dtype="int32").reshape(64, 1) % 3
    asked = [
        pool.async_infer(
            "tiny", [tensor("latent", latent, "FP32"), tensor("label", label, "INT32")]
        )
        for latent, label in zip(latents, labels, strict=True)
    ]
    made = np.concatenate([each.get_result().as_numpy("image") for each in asked])
    pool.close()
    (image,) = tiny({"latent": latents[:, 0], "label": labels[:, 0]}).values()
    np.testing.assert_allclose(made, image, atol=1e-5)


def test_the_client_gets_the_message(client):
    wrong = [tensor("latent", LATENT, "FP32"), tensor("label", np.int32([0, 1, 3]), "INT32")]
    with pytest.raises(InferenceServerException, match="label must be 0 to 2, one of 3 classes"):
        client.infer("tiny", wrong)
    with pytest.raises(InferenceServerException, match="Did you mean 'tiny'"):
        client.infer("tinny", wrong)


@pytest.mark.parametrize(
    "request_body, parts",
    [
        (with_input(1, data=[3]), ["label must be 0 to 2", "received values from 3 to 3"]),
        (with_input(1, data=[-1]), ["label must be 0 to 2"]),
        (with_input(1, data=[2**40]), ["label must be 0 to 2"]),
        (with_input(1, data=[1.5]), ["label: data must be 1 integers"]),
        (with_input(1, data=["coat"]), ["label: data must be 1 integers"]),
        (with_input(1, datatype="INT64"), ["label: datatype must be INT32; received 'INT64'"]),
        (with_input(0, datatype="FP64"), ["latent: datatype must be FP32", "Convert"]),
        (with_input(0, datatype=None), ["datatype must be FP32; received None"]),
        (with_input(0, shape=[1, 5]), ["latent: shape must be [any, 4]", "received [1, 5]"]),
        (with_input(0, shape=[4]), ["latent: shape must be [any, 4]"]),
        (with_input(0, shape=[0, 4], data=[]), ["latent: shape must be [any, 4]"]),
        (with_input(0, shape=[-1, 4]), ["latent: shape must be [any, 4]"]),
        (with_input(0, shape=[1.0, 4]), ["latent: shape must be [any, 4]"]),
        (with_input(0, shape=[2, 4], data=[0] * 8), ["as many examples", "{'latent': 2, 'label'"]),
        (with_input(0, data=[0, 1]), ["latent: data must be 4 numbers", "received 2 of them"]),
        (with_input(0, data=[[0, 1], [2]]), ["latent: data must be 4 numbers"]),
        (with_input(0, data=[0, 1, 2, None]), ["latent: data must be 4 numbers"]),
        (with_input(0, data=[0, 1, 2, 1e39]), ["latent must be finite numbers"]),
        (with_input(0, data=None), ["latent must have either data", "received neither"]),
        (with_input(0, parameters={"binary_data_size": 16}), ["received both"]),
        (with_input(0, data=None, parameters={"binary_data_size": 16}), ["0 are left"]),
        (with_input(0, parameters={"shared_memory_region": "a"}), ["shared_memory_region"]),
        (with_input(0, parameters=[1]), ["parameters must be a JSON object"]),
        (with_input(0, name="noise"), ["inputs='noise' is unknown; expected one of label, latent"]),
        (body(inputs=body()["inputs"][:1]), ["inputs must hold latent, label; label is missing"]),
        (body(inputs=body()["inputs"] * 2), ["inputs must be a list of objects with different"]),
        (body(inputs={}), ["inputs must be a list"]),
        (body(inputs=["latent"]), ["inputs must be a list"]),
        (
            body(outputs=[{"name": "picture"}]),
            ["outputs='picture' is unknown; expected one of image"],
        ),
        (body(outputs=[{"name": "image", "parameters": {"classification": 3}}]), ["classific"]),
        (body(id=7), ["id must be a string; received 7"]),
        ([], ["body must be a JSON object"]),
    ],
)
def test_a_wrong_request_is_told_what_was_expected(server, request_body, parts):
    response = server.client.post(PATH, json=request_body)
    assert response.status_code == 400
    for part in parts:
        assert part in response.json()["error"]


def test_more_examples_or_pixels_than_a_call_may_have_are_refused(server):
    inputs = [
        {"name": "latent", "datatype": "FP32", "shape": [9, 4], "data": [0] * 36},
        {"name": "label", "datatype": "INT32", "shape": [9], "data": [0] * 9},
    ]
    response = server.client.post(PATH, json={"inputs": inputs})
    assert response.status_code == 400
    assert "latent must have at most 8 examples; received 9" in response.json()["error"]
    # Only the shapes are read; nothing of this size is made.
    sides = [1, 10**6, 10**6]
    inputs = [
        {"name": name, "datatype": "FP32", "shape": [*sides, channels], "data": [0]}
        for name, channels in (("image", 3), ("mask", 1))
    ]
    response = server.client.post("/v2/models/inpainter/infer", json={"inputs": inputs})
    assert response.status_code == 400
    assert "image must have at most 44739242 pixels in all" in response.json()["error"]
    inputs[1]["shape"] = [1, 10, 10, 1]
    response = server.client.post("/v2/models/inpainter/infer", json={"inputs": inputs})
    assert "mask must have the height and width of image" in response.json()["error"]


@pytest.mark.parametrize(
    "length, part",
    [
        ("0", "received 0 bytes that are none"),
        ("10", "received 10 bytes that are none"),
        ("-1", "must be the number of bytes of the JSON"),
        ("99999999999999999999999", "must be the number of bytes of the JSON"),
        ("ten", "must be the number of bytes of the JSON"),
        ("same+1", "must be the number of bytes of the JSON"),
        ("²", "must be the number of bytes of the JSON"),
    ],
)
def test_a_wrong_length_of_the_json_is_refused(server, length, part):
    content = json.dumps(body()).encode()
    length = str(len(content) + 1) if length == "same+1" else length
    headers = {"Inference-Header-Content-Length": length.encode()}
    response = server.client.post(PATH, content=content, headers=headers)
    assert response.status_code == 400
    assert part in response.json()["error"]


@pytest.mark.parametrize(
    "size, content, part",
    [
        (16, bytes(15), "of which 15 are left"),
        (16, bytes(17), "1 are left"),
        (12, bytes(12), "binary_data_size must be 16, for 4 numbers of 4 bytes; received 12"),
        (-1, bytes(16), "received -1"),
        ("16", bytes(16), "received '16'"),
        (16, b"\x00\x00\xc0\x7f" * 4, "latent must be finite numbers"),
    ],
)
def test_wrong_binary_data_are_refused(server, size, content, part):
    header = json.dumps(with_input(0, data=None, parameters={"binary_data_size": size})).encode()
    headers = {"Inference-Header-Content-Length": str(len(header))}
    response = server.client.post(PATH, content=header + content, headers=headers)
    assert response.status_code == 400
    assert part in response.json()["error"]


def test_neither_tensorflow_nor_keras_is_imported(files):
    program = (
        "import sys, kgan; from starlette.testclient import TestClient\n"
        "models = [sys.argv[1], 'dcgan_fashion_mnist', 'srresnet_x4']\n"
        "client = TestClient(kgan.serving.create_app(models))\n"
        "assert client.get('/generate?seed=1&model=tiny').status_code == 200\n"
        "assert client.get('/docs').status_code == 200\n"
        "heavy = {'tensorflow', 'keras', 'onnx', 'matplotlib', 'torch', 'jax'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, files / "tiny.onnx"], capture_output=True, text=True
    )
    assert (done.stdout, done.returncode) == ("[]\n", 0), done.stderr
