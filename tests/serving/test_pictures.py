"""PNG files for people: those of the commands, for the same seeds and pictures."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from kgan import photos, runtime
from kgan.images import to_uint8
from kgan.photos.network import ENTRIES


@pytest.fixture(scope="module")
def picture():
    """A smooth picture of 40x24 pixels."""
    y, x = np.mgrid[:24, :40]
    return Image.fromarray(np.stack([6 * x, 10 * y, 3 * (x + y)], -1).astype("uint8"))


def file_of(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(response):
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/png"
    return Image.open(io.BytesIO(response.content))


# -- generate ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words, query",
    [
        (["-n", 6], {"n": 6}),
        (["-n", 5, "--labels", "bag,0"], {"n": 5, "labels": "bag,0"}),
        (["-n", 3, "--truncation", 0.5], {"n": 3, "truncation": 0.5}),
    ],
)
def test_a_grid_is_that_of_the_command(server, files, folder, kgan, words, query):
    result = kgan("generate", files / "tiny.onnx", "--seed", 7, *words, "--out", "x.png")
    assert result.exit_code == 0
    response = server.client.get("/generate", params={"seed": 7, **query})
    assert response.content == (folder / "x.png").read_bytes()


def test_one_image_has_the_pixels_of_the_model(server, files):
    model = runtime.load(files / "tiny.onnx")
    made = opened(server.client.get("/generate?seed=3&labels=coat"))
    expected = to_uint8(model.generate(1, seed=3, labels=["coat"]))[0, ..., 0]
    np.testing.assert_array_equal(np.asarray(made), expected)


def test_a_seed_is_drawn_and_said(server):
    first, second = (server.client.get("/generate") for _ in range(2))
    assert first.headers["x-seed"] != second.headers["x-seed"]
    again = server.client.get("/generate", params={"seed": first.headers["x-seed"]})
    assert again.content == first.content


@pytest.mark.parametrize(
    "query, parts",
    [
        ("n=9", ["n must be an integer, 1 to 8; received 9"]),
        ("n=0", ["n: Input should be greater than or equal to 1"]),
        ("n=two", ["n: Input should be a valid integer"]),
        ("seed=-1", ["seed: Input should be greater than or equal to 0"]),
        ("seed=4294967296", ["seed: Input should be less than or equal to 4294967295"]),
        ("labels=skirt", ["labels='skirt' is not a class of this model", "Did you mean 'shirt'"]),
        ("labels=3", ["labels must be 0 to 2"]),
        ("labels=", ["labels=''"]),
        ("truncation=nan", ["truncation must be a number"]),
        ("truncation=0", ["truncation must be a number"]),
        ("model=../tiny", ["model='../tiny' is unknown; expected one of tiny"]),
        ("model=inpainter", ["model='inpainter' is unknown; expected one of tiny"]),
    ],
)
def test_a_wrong_query_is_told_what_was_expected(server, query, parts):
    response = server.client.get(f"/generate?{query}")
    assert response.status_code == 400
    for part in parts:
        assert part in response.json()["error"]


# -- pictures ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["srresnet_x4", "pix2pix_emoji", "colorization_photos", "segmentation_emoji"]
)
def test_an_upload_becomes_what_the_command_makes(presets, picture, name):
    network = photos.load(name)
    if network.source.smallest > 24:
        picture = picture.resize((96, 80))
    expected = photos.process(network, photos.read(io.BytesIO(file_of(picture))), seed=5)
    made = opened(
        presets.client.post(f"/{network.entry}?seed=5", files={"image": file_of(picture)})
    )
    assert (made.mode, made.size) == (expected.mode, expected.size)
    difference = np.asarray(made).astype(int) - np.asarray(expected)
    assert np.abs(difference).max() <= 1


@pytest.fixture(scope="module")
def presets(start):
    names = ("srresnet_x4", "pix2pix_emoji", "colorization_photos", "segmentation_emoji")
    with start(*names, "--max-pixels", 2**17) as made:
        yield made


def test_only_what_a_model_can_is_offered(presets, server):
    paths = set(presets.client.get("/openapi.json").json()["paths"])
    assert paths & {f"/{each}" for each in (*ENTRIES, "generate")} == {
        "/upscale",
        "/translate",
        "/colorize",
        "/segment",
    }
    assert presets.client.get("/generate").status_code == 404
    assert server.client.post("/upscale").status_code == 404


def test_a_mask_says_what_is_made(server, picture):
    mask = np.zeros((24, 40), "uint8")
    mask[4:9, 10:20] = 255
    sent = {"image": file_of(picture, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0")}
    sent["mask"] = file_of(Image.fromarray(mask))
    made = np.asarray(opened(server.client.post("/inpaint", files=sent)))
    pixels = np.asarray(picture)
    np.testing.assert_array_equal(made[mask == 0], pixels[mask == 0])
    assert (made[mask == 255] == 128).all()


def test_profile_and_description_are_kept(server, picture):
    exif = Image.Exif()
    exif[270] = "a gradient"  # ImageDescription
    sent = {"image": file_of(picture, "JPEG", exif=exif)}
    sent["mask"] = file_of(Image.new("L", picture.size))
    assert opened(server.client.post("/inpaint", files=sent)).getexif()[270] == "a gradient"


def bomb(width, height):
    """A PNG file of a few kilobytes that says it has so many pixels."""
    file = bytearray(file_of(Image.new("L", (1, 1))))
    file[16:24] = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    file[29:33] = zlib.crc32(file[12:29]).to_bytes(4, "big")
    return bytes(file)


@pytest.mark.parametrize(
    "image, code, parts",
    [
        (b"", 400, ["image must be a PNG, JPEG or WEBP file; received 0 bytes"]),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", 400, ["image must be a PNG, JPEG or WEBP file"]),
        (b"../../etc/passwd", 400, ["image must be a PNG", "cannot be read"]),
        (b"http://127.0.0.1/x.png", 400, ["image must be a PNG", "cannot be read"]),
        (file_of(Image.new("L", (9, 9)), "GIF"), 400, ["image must be a PNG"]),
        (file_of(Image.new("L", (99, 99)))[:60], 400, ["image must be a PNG", "bytes that cannot"]),
        (file_of(Image.new("L", (257, 256))), 413, ["at most 65536 pixels; received 257x256"]),
        (bomb(12000, 12000), 413, ["received 12000x12000"]),
        (bomb(50000, 50000), 413, ["image must have at most 65536 pixels"]),
        (file_of(Image.new("F", (9, 9)), "TIFF"), 400, ["image must be a PNG"]),
    ],
)
def test_an_upload_that_is_no_small_picture_is_refused(server, picture, image, code, parts):
    for name in ("image", "mask"):
        sent = {"image": file_of(picture), "mask": file_of(Image.new("L", picture.size))}
        response = server.client.post("/inpaint", files=sent | {name: image})
        assert response.status_code == code
        for part in parts:
            assert part.replace("image", name, 1) in response.json()["error"]
        assert "0x7" not in response.text  # no address of an object


def test_what_is_missing_or_of_another_size_is_named(server, picture):
    sent = {"image": file_of(picture)}
    response = server.client.post("/inpaint", files=sent)
    assert (response.status_code, response.json()) == (400, {"error": "mask: Field required."})
    response = server.client.post("/inpaint", data={"image": "/etc/passwd", "mask": "x"})
    assert response.status_code == 400
    mask = {"mask": file_of(Image.new("L", (5, 5)))}
    response = server.client.post("/inpaint", files=sent | mask)
    assert response.status_code == 400
    assert "mask must have the size of the image, 40x24" in response.json()["error"]
    response = server.client.post("/inpaint", files=sent | {"mask": file_of(picture)})
    assert "mask='upload' must be black and white" in response.json()["error"].replace('"', "'")


def test_a_picture_of_a_size_that_the_model_cannot_take_is_refused(presets, picture):
    large = {"image": file_of(picture.resize((100, 90)))}
    response = presets.client.post("/upscale", files=large)
    assert response.status_code == 413
    assert "at most 8192 pixels for srresnet_x4; received 100x90" in response.json()["error"]
    small = {"image": file_of(picture.resize((20, 9)))}
    response = presets.client.post("/translate", files=small)
    assert response.status_code == 400
    assert "image must be at least 32 pixels high and wide" in response.json()["error"]


# -- documentation -----------------------------------------------------------------------------


def test_the_page_lists_the_routes_and_loads_nothing(server):
    response = server.client.get("/docs")
    assert response.headers["content-type"].startswith("text/html")
    for part in ("/inpaint", "/v2/models/{model_name}/infer", "Tiny: inpaint", "openapi.json"):
        assert part in response.text
    for part in ("http://", "https://", "src=", "<script", "<link", "@import", "url("):
        assert part not in response.text


def test_the_metrics_count_what_was_asked(server):
    server.client.get("/generate?n=3")
    text = server.client.get("/metrics").text
    for part in (
        'kgan_requests_total{route="/generate",status="200"}',
        'kgan_call_rows_count{model="tiny"}',
        'kgan_request_seconds_bucket{le="+Inf",route="/generate"}',
        "kgan_waiting_requests 1.0",
    ):
        assert part in text
    assert server.client.get("/no/such/path").json() == {"error": "Not Found"}
    assert 'route="other",status="404"' in server.client.get("/metrics").text
