"""Networks, one paper a module: functions from a shape and sizes to a Keras model."""

from kgan.networks import dcgan as dcgan, resnet as resnet
