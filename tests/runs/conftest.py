import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def _user(user):
    """No test here reads or writes the KGAN_HOME of the one who runs them."""


@pytest.fixture
def interruptible():
    """Ctrl-C raises KeyboardInterrupt, also where the tests themselves ignore it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield signal.default_int_handler
    signal.signal(signal.SIGINT, before)
