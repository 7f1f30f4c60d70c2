"""Kernels that a CPU needs, where TensorFlow has slow ones or none."""
