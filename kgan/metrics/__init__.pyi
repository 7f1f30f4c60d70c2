from . import (
    assignment as assignment,
    classification as classification,
    color as color,
    diversity as diversity,
    extractors as extractors,
    fidelity as fidelity,
    frechet as frechet,
    inception_score as inception_score,
    judge as judge,
    kernel as kernel,
    lpips as lpips,
    manifold as manifold,
    measures as measures,
    memorisation as memorisation,
    modes as modes,
    ms_ssim as ms_ssim,
    neighbours as neighbours,
    path_length as path_length,
    references as references,
    report as report,
    segmentation as segmentation,
    sliced_wasserstein as sliced_wasserstein,
    streaming as streaming,
    translation as translation,
)
from .comparison import Comparison as Comparison, compare as compare
from .evaluation import Evaluation as Evaluation
from .evaluator import Evaluator as Evaluator
from .protocol import (
    Protocol as Protocol,
    Score as Score,
)
