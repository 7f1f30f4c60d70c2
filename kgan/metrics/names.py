"""The short names of metrics and extractors, known without importing NumPy: help needs no more."""

METRICS = (
    "fd",
    "fd_inf",
    "fd_class",
    "kid",
    "mifid",
    "is",
    "pr",
    "dc",
    "ppl",
    "swd",
    "ms_ssim",
    "cas",
    "diversity",
    "accuracy",
)
EXTRACTORS = ("inception", "efficientnet_lite0", "judge_fashion_mnist")
