import subprocess
import sys


def test_the_pure_functions_need_neither_tensorflow_nor_keras():
    code = (
        "import sys, kgan, kgan.metrics.check\n"
        "from kgan.metrics import assignment, diversity, frechet, judge, neighbours\n"
        "assert kgan.metrics.frechet is frechet\n"
        "assignment.assignment_accuracy([0, 1], [1, 0])\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
