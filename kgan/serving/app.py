"""The application of the server: routes, guard, errors."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, Response
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartParser

from kgan.errors import UsageError
from kgan.serving import generating, metrics, photographs, protocol
from kgan.serving.answers import Answers
from kgan.serving.guard import Guard
from kgan.serving.limits import Limits
from kgan.serving.model import load_models
from kgan.serving.page import page
from kgan.serving.refusal import Refusal, refused
from kgan.version import __version__


def create_app(
    models: Sequence[str],
    limits: Limits | None = None,
    token: str | None = None,
    threads: int | None = None,
) -> FastAPI:
    """The ASGI application that `kgan serve` runs, for a server of your own.

    Args:
        models: names of packaged presets, preset folders or ONNX files of kgan's; or `NAME=MODEL`.
        limits: what it takes at most.
        token: what clients must send as `Authorization: Bearer TOKEN`; None for no token.
        threads: how many onnxruntime may use for one call; by default one per core.

    Example:
        >>> app = kgan.serving.create_app(["dcgan_fashion_mnist"])
        >>> app.title
        'kgan serve'

    Raises:
        UsageError: as `kgan.runtime.load`; or two models of one name.
        kgan.presets.PresetError: a preset's file is not the one that was saved.
    """
    limits = Limits() if limits is None else limits
    served, answers = load_models(models, limits, threads), Answers()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        answers.close()
        for model in served.values():
            model.close()

    # FastAPI's own page loads scripts from elsewhere.
    app = FastAPI(
        title="kgan serve", version=__version__, docs_url=None, redoc_url=None, lifespan=lifespan
    )
    for routes in (
        protocol.routes(served),
        generating.routes(served, limits, answers),
        photographs.routes(served, limits, answers),
    ):
        app.include_router(routes)

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        about = {name: f"{each.model.model}: {each.model.entry}" for name, each in served.items()}
        return HTMLResponse(page(app.openapi(), about))

    @app.get("/metrics", include_in_schema=False)
    async def report() -> Response:
        content, kind = metrics.report()
        return Response(content, media_type=kind)

    _tell_errors(app)
    app.add_middleware(Guard, limits=limits, token=token)
    # Uploads stay in memory, where the guard has bounded them; none is written to a file.
    MultiPartParser.spool_max_size = sys.maxsize
    return app


def _tell_errors(app: FastAPI) -> None:
    """Answer each error with `{"error": message}` and its status."""

    @app.exception_handler(UsageError)
    async def wrong(request: Request, error: Any) -> Response:
        return refused(400, error)

    @app.exception_handler(Refusal)
    async def refuse(request: Request, error: Any) -> Response:
        return refused(error.status, error, error.headers)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: Any) -> Response:
        return refused(error.status_code, error.detail, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: Any) -> Response:
        problems = [f"{each['loc'][-1]}: {each['msg']}" for each in error.errors()]
        return refused(400, "; ".join(problems) + ".")
