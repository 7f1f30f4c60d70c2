import signal
from concurrent.futures import ThreadPoolExecutor

import pytest

from kgan.runs import interrupts


def test_an_interrupt_waits_for_the_end_of_a_step_and_the_second_does_not(interruptible):
    with pytest.raises(KeyboardInterrupt), interrupts.waiting() as stop_if_asked:
        stop_if_asked()
        signal.raise_signal(signal.SIGINT)  # where it could be lost
        seen = "still here"
        stop_if_asked()
        seen = "too late"
    assert seen == "still here"
    with pytest.raises(KeyboardInterrupt), interrupts.waiting():
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        seen = "too late"
    with pytest.raises(KeyboardInterrupt), interrupts.waiting():
        signal.raise_signal(signal.SIGINT)  # in the last step
    assert seen == "still here" and signal.getsignal(signal.SIGINT) is interruptible


def test_a_handler_of_the_users_stays(interruptible):
    pressed = []
    signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    with interrupts.waiting() as stop_if_asked:
        signal.raise_signal(signal.SIGINT)
        stop_if_asked()
    assert pressed == [signal.SIGINT]


def test_another_thread_than_the_main_one_may_train(interruptible):
    def train():
        with interrupts.waiting() as stop_if_asked:
            stop_if_asked()
        return "trained"

    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(train).result() == "trained"
    assert signal.getsignal(signal.SIGINT) is interruptible
