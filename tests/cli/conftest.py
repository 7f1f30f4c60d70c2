import pytest


@pytest.fixture(scope="session", autouse=True)
def _user(user):
    """No test here reads or writes the KGAN_HOME of the one who runs them."""
