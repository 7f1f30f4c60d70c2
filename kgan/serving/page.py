"""The page at /docs: what can be asked, read off the OpenAPI description. It loads nothing."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

_STYLE = """
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem }
code { font-size: .95em } h2 { margin-top: 2rem; font-size: 1.1rem } td { padding: .1rem 1rem 0 0 }
td { vertical-align: top } :root { color-scheme: light dark }
"""


def page(description: Mapping[str, Any], models: Mapping[str, str]) -> str:
    """The page as HTML.

    Args:
        description: the OpenAPI description of the server.
        models: what each model is, by its name.
    """
    listed = "".join(
        f"<tr><td><code>{_text(name)}</code><td>{_text(about)}" for name, about in models.items()
    )
    routes = "".join(
        _route(method.upper(), path, route)
        for path, methods in description["paths"].items()
        for method, route in methods.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>kgan serve</title>'
        f"<style>{_STYLE}</style><h1>kgan serve</h1><table>{listed}</table>"
        '<p>The same for programs: <a href="openapi.json">openapi.json</a>, an OpenAPI '
        f"description.{routes}</html>"
    )


def _route(method: str, path: str, route: Mapping[str, Any]) -> str:
    rows = [
        (each["name"], each.get("description", ""), each.get("required", False))
        for each in route.get("parameters", [])
    ]
    content = route.get("requestBody", {}).get("content", {})
    rows += [("body", kind, True) for kind in content]
    table = "".join(
        f"<tr><td><code>{_text(name)}</code><td>{_text(about)}{' Required.' if needed else ''}"
        for name, about, needed in rows
    )
    return (
        f"<h2><code>{method} {_text(path)}</code></h2><p>{_text(route['summary'])}. "
        f"{_text(route.get('description', ''))}<table>{table}</table>"
    )


def _text(value: object) -> str:
    return html.escape(str(value))
