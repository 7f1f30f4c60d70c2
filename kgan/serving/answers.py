"""Pictures are read and written in threads, so that the server goes on listening."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from PIL import Image

T = TypeVar("T")


class Answers:
    """The threads that pictures are read and written in: as many as there are cores."""

    def __init__(self):
        self._threads = ThreadPoolExecutor(os.cpu_count())

    async def in_thread(self, work: Callable[[], T]) -> T:
        """What `work` returns, once a thread is free."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    def close(self) -> None:
        """End the threads, after their work."""
        self._threads.shutdown()


def png(image: Image.Image, **metadata: Any) -> bytes:
    """The PNG file of an image, with what Pillow may write besides."""
    file = io.BytesIO()
    image.save(file, "PNG", **metadata)
    return file.getvalue()
