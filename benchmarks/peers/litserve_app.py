"""LitServe on the ONNX file that the variable MODEL names; the port is the argument."""

import os
import sys

import litserve
import numpy as np
import onnxruntime


class Generator(litserve.LitAPI):
    """Latents to images, as JSON."""

    def setup(self, device):
        self.session = onnxruntime.InferenceSession(os.environ["MODEL"])

    def decode_request(self, request):
        return np.float32(request["latent"])

    def batch(self, inputs):
        return np.stack(inputs)

    def predict(self, latent):
        return self.session.run(None, {"latent": latent})[0]

    def unbatch(self, output):
        return list(output)

    def encode_response(self, output):
        return {"image": output.tolist()}


if __name__ == "__main__":
    api = Generator(max_batch_size=64, batch_timeout=0.001)
    server = litserve.LitServer(api, accelerator="cpu")
    server.run(host="127.0.0.1", port=int(sys.argv[1]), generate_client_file=False)
