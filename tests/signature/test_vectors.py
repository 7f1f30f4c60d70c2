"""Fields of numbers: what each checks, makes, draws, prints and reads."""

import json
import zipfile

import keras
import numpy as np
import pytest

from kgan import priors
from kgan.errors import UsageError
from kgan.signature import Code, Label, Latent, Vector

CODE = Code(categorical=(3, 2), continuous=2)
FIELDS = [
    Vector(3),
    Latent(3),
    Latent(3, prior="uniform"),
    Latent(3, prior="spherical"),
    CODE,
    Code(continuous=4),
    Code(categorical=(5,)),
]
DEFAULTS = [*FIELDS[1:], Label(3), Label(None)]


def run(source, n, seed):
    """What a user of an exported file gets who has NumPy alone."""
    return eval(source, {"numpy": np, "n": n, "seed": seed})


# -- check -------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", FIELDS, ids=repr)
def test_check_returns_float32_rows(field):
    checked = field.check(np.ones((4, field.size), np.int64).tolist(), 4)
    assert checked.dtype == np.float32 and checked.shape == (4, field.size)


@pytest.mark.parametrize(
    ("values", "received"),
    [
        (np.zeros((4, 2)), r"received the shape \(4, 2\)\.$"),
        (np.zeros((3, 3)), r"received the shape \(3, 3\)\.$"),
        (np.zeros(3), r"received the shape \(3,\)\.$"),
        (np.full((4, 3), np.nan), r"received the shape \(4, 3\) with NaN or infinity\.$"),
        (np.full((4, 3), -np.inf), "with NaN or infinity"),
        ([[1, 2, 3], [1, 2], [1, 2, 3], [1, 2, 3]], "received "),
        ("words", "received 'words'"),
        (None, "received None"),
        ([[10**400] * 3] * 4, r"received the type object\.$"),
        (np.full((4, 3), 1j), r"received the type complex128\.$"),
        (np.ones((4, 3), "M8[D]"), r"received the type datetime64\[D\]\.$"),
        (np.ones((4, 3), "m8[D]"), r"received the type timedelta64\[D\]\.$"),
        ([["1", "2", "3"]] * 4, r"received the type <U1\.$"),
        (np.full((4, 3), 1e300), "with NaN or infinity"),
    ],
)
def test_check_says_what_it_wants_and_what_came(values, received):
    expected = r"conditions must be finite numbers of the shape \(4, 3\), .*"
    with pytest.raises(UsageError, match=expected + received):
        Vector(3).check(values, 4)
    with pytest.raises(UsageError, match="^vectors must be finite numbers"):
        Vector(3).check(values, 4, argument="vectors")


# -- default, draw, NumPy ----------------------------------------------------------------------


def test_a_vector_has_no_default_and_no_distribution():
    field = Vector(3, "text")
    assert not field.has_default and field.numpy_source() is None
    with pytest.raises(UsageError, match=r"^texts must be given: an array \(4, 3\), since the gen"):
        field.default(4, 0)
    with pytest.raises(UsageError, match="^texts must come with the data: they have no distribut"):
        field.draw(4, keras.random.SeedGenerator(0))


@pytest.mark.parametrize("field", DEFAULTS, ids=repr)
def test_the_numpy_source_equals_the_default(field):
    assert field.has_default
    for n, seed in ((1, 0), (5, 7), (64, 2**32 - 1)):
        default = field.default(n, seed)
        assert default.shape == (n, *field.shape) and default.dtype == field.dtype
        again = run(field.numpy_source(), n, seed)
        assert again.dtype == default.dtype
        np.testing.assert_array_equal(again, default)
        np.testing.assert_array_equal(field.check(default, n), default)


@pytest.mark.parametrize("field", FIELDS[1:], ids=repr)
def test_a_seed_decides_the_default(field):
    first, other = field.default(8, 1), field.default(8, 2)
    assert not np.array_equal(first, other)
    assert not np.array_equal(field.default(8, None), field.default(8, None))


@pytest.mark.parametrize("field", FIELDS[1:], ids=repr)
def test_a_seed_decides_the_draw(field):
    first, again, other = (
        np.asarray(field.draw(256, keras.random.SeedGenerator(seed))) for seed in (1, 1, 2)
    )
    assert first.shape == (256, field.size) and first.dtype == np.float32
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    # As many as a batch of unknown size has.
    rows = keras.ops.shape(keras.ops.zeros((5, 2)))[0]
    assert field.draw(rows, keras.random.SeedGenerator(0)).shape == (5, field.size)


@pytest.mark.parametrize("make", [lambda f: f.default(4096, 3), None])
def test_the_distributions(make):
    make = make or (lambda field: np.asarray(field.draw(4096, keras.random.SeedGenerator(3))))
    normal, uniform, spherical = (make(Latent(3, prior=prior)) for prior in priors.PRIORS)
    assert abs(normal.mean()) < 0.05 and abs(normal.std() - 1) < 0.05
    assert uniform.min() < -0.99 and uniform.max() > 0.99 and np.abs(uniform).max() <= 1
    np.testing.assert_allclose(np.linalg.norm(spherical, axis=1), 3**0.5, rtol=1e-5)
    code = make(CODE)
    for part in CODE.slices():
        assert set(np.unique(code[:, part])) == {0.0, 1.0}
        np.testing.assert_array_equal(code[:, part].sum(1), 1)
        share = code[:, part].mean(0) * code[:, part].shape[1]
        np.testing.assert_allclose(share, 1, atol=0.1)
    numbers = code[:, 5:]
    assert numbers.shape == (4096, 2)
    assert numbers.min() < -0.99 and numbers.max() > 0.99 and np.abs(numbers).max() <= 1


def test_truncation_cuts_the_latents():
    assert np.abs(Latent(8).default(64, 0, truncation=0.5)).max() <= 0.5
    with pytest.raises(UsageError, match="truncation=0.5 cuts the tails of the normal prior"):
        Latent(8, prior="uniform").default(64, 0, truncation=0.5)


def test_codes_are_not_drawn_from_the_stream_of_the_latents():
    code = Code(continuous=3).default(64, 5)
    latent = Latent(3, prior="uniform").default(64, 5)
    assert np.abs(np.corrcoef(code.ravel(), latent.ravel())[0, 1]) < 0.3


# -- what it says of itself --------------------------------------------------------------------


def test_metadata():
    assert Vector(3).metadata() == {"condition_dim": "3"}
    assert Vector(3, "text").metadata() == {"text_dim": "3"}
    assert Latent(3).metadata() == {"latent_dim": "3", "prior": priors.PRIORS["normal"]}
    found = CODE.metadata()
    assert json.loads(found["code"]) == {"categorical": [3, 2], "continuous": 2}
    np.testing.assert_array_equal(run(found["code_prior"], 6, 1), CODE.default(6, 1))


@pytest.mark.parametrize("field", FIELDS, ids=repr)
def test_bounds_and_examples(field):
    bounds = field.bounds()
    assert (bounds.low, bounds.high) == (-np.inf, np.inf)
    assert bounds.expected == "finite numbers" and bounds.fix
    examples = field.examples(5, 3)
    np.testing.assert_array_equal(field.check(examples, 5), examples)
    np.testing.assert_array_equal(field.examples(5, 3), examples)
    assert not np.array_equal(field.examples(5, 4), examples)
    # Both signs, so that a rectifier shows.
    assert examples.min() < 0 < examples.max()


def test_describe():
    assert Vector(3).describe(4) == "`conditions` are float32 (4, 3), a vector for each image."
    assert CODE.describe(4) == (
        "`codes` are float32 (4, 7): a one-hot vector of length 3, then a one-hot vector of "
        "length 2, then 2 numbers from -1 to 1."
    )
    assert "numbers" not in Code(categorical=(3,)).describe(4)


def test_the_size_of_a_code_is_that_of_its_parts():
    assert CODE.size == 7 and CODE.shape == (7,)
    assert CODE.slices() == [slice(0, 3), slice(3, 5)]
    assert Code(continuous=2).slices() == []


def test_conditioning_takes_the_vector_itself():
    tensor = keras.ops.ones((2, 3))
    assert Vector(3).vector(tensor) is tensor


# -- read --------------------------------------------------------------------------------------


def test_read_takes_the_rows_of_a_file(tmp_path):
    rows = np.arange(12.0).reshape(4, 3)
    np.save(tmp_path / "rows.npy", rows)
    np.testing.assert_array_equal(Vector(3).read("--conditions", tmp_path / "rows.npy"), rows)
    with pytest.raises(
        UsageError, match=r"^--conditions must hold rows of 5 numbers .* the shape \(4, 3\)\.$"
    ):
        Vector(5).read("--conditions", str(tmp_path / "rows.npy"))


def broken_zip(path):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("rows.npy", b"rows")
    path.write_bytes(path.read_bytes()[:20])


@pytest.mark.parametrize(
    ("write", "problem"),
    [
        (lambda path: np.save(path, np.zeros(3)), r"holds an array of the shape \(3,\)"),
        (lambda path: np.save(path, np.zeros((0, 3))), r"holds an array of the shape \(0, 3\)"),
        (lambda path: np.save(path, np.full((2, 3), "a")), "holds <U1, not real numbers"),
        (
            lambda path: np.save(path, np.zeros((2, 3), "c8")),
            "holds complex64, not real numbers",
        ),
        (lambda path: np.save(path, np.array([[None]]), allow_pickle=True), "holds something else"),
        (lambda path: path.write_bytes(b"0 1 2"), "holds something else"),
        (lambda path: path.write_bytes(b""), "holds something else"),
        (broken_zip, "holds something else"),
        (lambda path: path.mkdir(), r"cannot be read \(Is a directory\)"),
        (lambda path: None, r"cannot be read \(No such file or directory\)"),
    ],
)
def test_read_says_what_the_file_holds(tmp_path, write, problem):
    path = tmp_path / "rows.npy"
    write(path)
    expected = r"^--codes='.*rows\.npy' must be a \.npy file that holds an array \(rows, .*; "
    with pytest.raises(UsageError, match=expected + f"this one {problem}\\.$"):
        CODE.read("--codes", str(path))
