"""BentoML on the ONNX file that the variable MODEL names."""

import os

import bentoml
import numpy as np
import onnxruntime


@bentoml.service(traffic={"timeout": 60})
class Generator:
    """Latents to images, as JSON."""

    def __init__(self):
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"])

    @bentoml.api(batchable=True, max_batch_size=64)
    def generate(self, latent: np.ndarray) -> np.ndarray:
        return self.session.run(None, {"latent": latent.astype("float32")})[0]
