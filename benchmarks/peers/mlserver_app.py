"""MLServer on the ONNX file that the variable MODEL names."""

import os

import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class Generator(MLModel):
    """Latents to images, by the Open Inference Protocol."""

    async def load(self):
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"])
        return True

    async def predict(self, payload):
        latent = NumpyCodec.decode_input(payload.inputs[0]).astype("float32")
        (image,) = self.session.run(None, {"latent": latent})
        output = NumpyCodec.encode_output("image", image)
        return InferenceResponse(model_name=self.name, outputs=[output])
