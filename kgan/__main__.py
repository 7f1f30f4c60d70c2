"""`python -m kgan` is the command `kgan`."""

from kgan.cli.main import run

if __name__ == "__main__":
    run()
