"""How good generated images are: functions of features, streaming metrics, and scores."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submodules=[
        "assignment",
        "classification",
        "diversity",
        "extractors",
        "frechet",
        "judge",
        "measures",
        "modes",
        "neighbours",
        "references",
        "report",
    ],
    submod_attrs={
        "evaluation": ["Evaluation", "Evaluator"],
        "protocol": ["Comparison", "Protocol", "Score", "compare"],
    },
)
