import subprocess
import sys


def test_the_pure_functions_need_neither_tensorflow_nor_keras():
    code = (
        "import sys, kgan, kgan.metrics.check\n"
        "from kgan.metrics import assignment, diversity, fidelity, frechet, judge, kernel\n"
        "from kgan.metrics import inception_score, lpips, manifold, memorisation, ms_ssim\n"
        "from kgan.metrics import neighbours, path_length, sliced_wasserstein, translation\n"
        "assert kgan.metrics.frechet is frechet\n"
        "assignment.assignment_accuracy([0, 1], [1, 0])\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_names_that_help_shows_are_those_that_there_are():
    """And it imports no NumPy for them."""
    code = (
        "import sys, kgan.cli.evaluate\n"
        "from kgan.metrics import measures\n"
        "from kgan.metrics.extractors.names import NAMES\n"
        "options = {option.name: option for option in kgan.cli.evaluate.evaluate.params}\n"
        "assert options['metrics'].help == f\"Of {', '.join(measures.MEASURES)}.\"\n"
        "assert options['metrics'].default == ','.join(measures.DEFAULT)\n"
        "assert tuple(options['extractor'].type.names) == NAMES\n"
        "assert 'numpy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
