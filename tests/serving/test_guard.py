"""What no request passes: without the token, too large, too slow, one too many."""

import asyncio

import httpx
import pytest

from kgan.serving import Limits
from kgan.serving.guard import Guard
from kgan.serving.refusal import Refusal

LIMITS = Limits(waiting=2, body_bytes=100, deadline_seconds=0.3)


async def app(scope, receive, send):
    """Answers with the number of bytes that it got, or does what the path says."""
    if scope["path"] == "/slow":
        await asyncio.sleep(60)
    if scope["path"] == "/broken":
        raise ZeroDivisionError
    if scope["path"] == "/refused":
        raise Refusal(418, "no coffee")
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(len(body)).encode()})


def ask(*requests, token=None, limits=LIMITS):
    """The responses to requests that are sent at once."""

    async def run():
        transport = httpx.ASGITransport(Guard(app, limits, token))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            sent = [client.request(method, path, **rest) for method, path, rest in requests]
            return await asyncio.gather(*sent)

    return asyncio.run(run())


def post(path, **rest):
    return "POST", path, rest


async def parts(*sizes, pause=0.0):
    for size in sizes:
        await asyncio.sleep(pause)
        yield b"x" * size


def test_a_request_passes_and_its_answer_is_isolated_from_other_origins():
    (response,) = ask(post("/", content=b"x" * 100))
    assert (response.status_code, response.text) == (200, "100")
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert response.headers["cross-origin-embedder-policy"] == "require-corp"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("content", [b"x" * 101, parts(60, 60)], ids=["length", "chunks"])
def test_a_large_body_is_refused(content):
    (response,) = ask(post("/", content=content))
    assert response.status_code == 413
    assert "at most 100 bytes" in response.json()["error"]
    assert response.headers["cross-origin-opener-policy"] == "same-origin"


def test_a_compressed_body_is_refused():
    (response,) = ask(post("/", content=b"x", headers={"Content-Encoding": "gzip"}))
    assert response.status_code == 415
    assert "Content-Encoding must be left out; received 'gzip'" in response.json()["error"]


def test_a_slow_answer_ends_with_the_deadline():
    (response,) = ask(("GET", "/slow", {}))
    assert response.status_code == 504
    assert "longer than 0.3 s" in response.json()["error"]


def test_a_slow_body_ends_with_the_deadline_and_takes_no_place():
    slow = [post("/", content=parts(1, 1, 1, pause=0.2)) for _ in range(4)]
    *responses, quick = ask(*slow, ("GET", "/", {}))
    assert [each.status_code for each in responses] == [408] * 4
    assert responses[0].headers["connection"] == "close"
    assert quick.status_code == 200


def test_a_full_queue_refuses_but_for_questions_of_health():
    responses = ask(*[("GET", "/slow", {})] * 3, ("GET", "/v2/health/live", {}))
    assert [each.status_code for each in responses] == [504, 504, 429, 200]
    assert responses[2].headers["retry-after"] == "1"
    assert "2 requests wait already" in responses[2].json()["error"]


def test_bodies_in_memory_are_bounded_together():
    held = [post("/slow", content=b"x" * 100) for _ in range(17)]
    limits = Limits(waiting=100, body_bytes=100, deadline_seconds=0.3)
    codes = [each.status_code for each in ask(*held, limits=limits)]
    assert codes == [504] * 16 + [429]
    assert ask(*held[:2], limits=limits)[0].status_code == 504  # all of it is free again


def test_the_token_is_asked_for():
    cases = {None: 401, "Bearer wrong": 401, "Basic right": 401, "Bearer right": 200}
    for header, code in cases.items():
        headers = {} if header is None else {"Authorization": header}
        (response,) = ask(("GET", "/", {"headers": headers}), token="right")
        assert response.status_code == code
        assert code == 200 or response.headers["www-authenticate"] == "Bearer"
    assert ask(("GET", "/v2/health/ready", {}), token="right")[0].status_code == 200
    assert ask(("GET", "/metrics", {}), token="right")[0].status_code == 401


def test_errors_have_their_status_and_a_broken_server_says_nothing_of_itself(caplog):
    refused, broken = ask(("GET", "/refused", {}), ("GET", "/broken", {}))
    assert (refused.status_code, refused.json()) == (418, {"error": "no coffee"})
    assert broken.status_code == 500
    assert broken.json() == {"error": "The server failed; its log says why."}
    assert "ZeroDivisionError" in caplog.text
