import pytest

from kgan.errors import UsageError
from kgan.export.signature import Serving


def test_every_variable_is_tracked_once(gan):
    serving = Serving(gan)
    assert len(serving.variables) == len(gan.averaged_generator.variables)
    assert len({variable.ref() for variable in serving.variables}) == len(serving.variables)


def test_the_reference_is_the_averaged_generator(gan):
    from kgan import latent

    images = Serving(gan).reference(latent.sample(4, 8, seed=7))
    assert abs(images - gan.generate(4, seed=7)).max() < 1e-5
    assert abs(images - gan.generator(latent.sample(4, 8, seed=7))).numpy().max() > 0.01


def test_mixed_precision_serves_float32(mixed_gan):
    serving = Serving(mixed_gan)
    assert {variable.dtype.name for variable in serving.variables} == {"float32"}
    assert serving.serve.get_concrete_function().structured_outputs["image"].dtype == "float32"


def test_something_else_than_a_gan_is_refused(gan):
    with pytest.raises(UsageError, match=r"gan must be a kgan.GAN, received Functional"):
        Serving(gan.generator)
