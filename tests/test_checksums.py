import subprocess

from kgan.checksums import checksums


def test_sha256sum_checks_them(tmp_path):
    (tmp_path / "deeper").mkdir()
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "deeper" / "b").write_bytes(b"")
    made = checksums(tmp_path, ["deeper/b", "a"])
    assert [line.split("  ")[1] for line in made.splitlines()] == ["deeper/b", "a"]
    assert "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n" in made
    (tmp_path / "SUMS").write_text(made, "utf-8")
    subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SUMS"], cwd=tmp_path, check=True
    )
