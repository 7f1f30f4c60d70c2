"""The two files of onnxruntime-web that a page needs: found on this machine, or fetched once."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import NamedTuple

from kgan.errors import UsageError
from kgan.files import sha256

VERSION = "1.30.0"
PACKAGE = "onnxruntime-web"
CDN = f"https://cdn.jsdelivr.net/npm/{PACKAGE}@{VERSION}/dist"


class RuntimeFile(NamedTuple):
    """A file of the package's folder `dist`, its size and its SHA-256."""

    name: str
    bytes: int
    sha256: str

    @property
    def integrity(self) -> str:
        """The hash as browsers check it before they use the file."""
        return f"sha256-{base64.b64encode(bytes.fromhex(self.sha256)).decode()}"

    @property
    def url(self) -> str:
        """Where a content delivery network has it."""
        return f"{CDN}/{self.name}"


# The WebAssembly build for CPUs. It uses threads where the page is cross-origin isolated.
FILES = {
    "module": RuntimeFile(
        "ort.wasm.bundle.min.mjs",
        73_054,
        "11e64bd8ffe11bd1a2a2f0d6275fdfbbba7262f0b76b99b53d228a8a22ef3d90",
    ),
    "wasm": RuntimeFile(
        "ort-wasm-simd-threaded.wasm",
        14_239_897,
        "3398c10d07d229bd91b364548e130e0e51a8e5704b88c7c083ebbeb78842dee2",
    ),
}


def find(folder: str | Path | None = None) -> list[Path]:
    """The files, from the first of these that has them, each with the SHA-256 above.

    1. `folder`, the npm package or its `dist`, where it is given;
    2. what npm installed: `node_modules` in the current folder or above, the folders of NODE_PATH;
    3. KGAN_HOME (~/.cache/kgan by default), into which they are downloaded once.

    Raises:
        UsageError: `folder` has not these files of this version.
        OSError: they are nowhere and cannot be downloaded (a ConnectionError).
    """
    if folder is not None:
        found = _within(Path(folder))
        if found is None:
            raise UsageError(
                f"onnxruntime_web={str(folder)!r} must be the folder of the npm package {PACKAGE} "
                f"{VERSION}, with {' and '.join(file.name for file in FILES.values())}. Install "
                f"it: npm install {PACKAGE}@{VERSION}",
                "onnxruntime_web",
            )
        return found
    return installed() or _fetched()


def installed() -> list[Path] | None:
    """The files that npm installed where Node.js looks for packages; None where it did not."""
    here = Path.cwd()
    modules = [folder / "node_modules" for folder in (here, *here.parents)]
    modules += map(Path, filter(None, os.environ.get("NODE_PATH", "").split(os.pathsep)))
    packages = (_within(folder / PACKAGE) for folder in modules)
    return next((found for found in packages if found), None)


def _within(folder: Path) -> list[Path] | None:
    """The files in a folder of the package; None where one is missing or another."""
    for dist in (folder, folder / "dist"):
        paths = [dist / file.name for file in FILES.values()]
        checked = zip(paths, FILES.values(), strict=True)
        if all(path.is_file() and sha256(path) == file.sha256 for path, file in checked):
            return paths
    return None


def _fetched() -> list[Path]:
    from kgan.data import cache
    from kgan.metrics.extractors import weights

    folder = cache.folder(f"{PACKAGE}-{VERSION}")
    otherwise = f"npm install {PACKAGE}@{VERSION} and pass onnxruntime_web=FOLDER, or pass cdn=True"
    return [
        weights.fetch(file.url, file.sha256, folder / file.name, otherwise)
        for file in FILES.values()
    ]
