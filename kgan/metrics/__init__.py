"""How good generated images are: functions of features, streaming metrics, and scores."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "assignment",
        "classification",
        "diversity",
        "extractors",
        "fidelity",
        "frechet",
        "inception_score",
        "judge",
        "kernel",
        "lpips",
        "manifold",
        "measures",
        "memorisation",
        "modes",
        "ms_ssim",
        "neighbours",
        "path_length",
        "references",
        "report",
        "sliced_wasserstein",
        "streaming",
    ],
    submod_attrs={
        "evaluation": ["Evaluation", "Evaluator"],
        "protocol": ["Comparison", "Protocol", "Score", "compare"],
    },
)
