from kgan.metrics.extractors.extractor import Extractor

NAMES = ("inception", "efficientnet_lite0", "judge_fashion_mnist")


def get(what):
    if isinstance(what, Extractor):
        return what
    from kgan.metrics import judge

    return judge.load(what)


def default(image_shape):
    return get("judge_fashion_mnist")
