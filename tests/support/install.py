"""The parts of docs/install.md that discovery tells: services, prefetch lines, scopes.

`python -m tests.support.install` writes them anew.
"""

import asyncio
import re
from collections.abc import Iterator
from typing import Any

import httpx2

from service import answer
from service.app import build_app
from service.prefetch import Template
from service.settings import Settings
from tests.support.server import ROOT

PAGE = ROOT / "docs" / "install.md"
Service = dict[str, Any]


def services() -> list[Service]:
    """Returns discovery as the program answers it."""

    async def ask() -> list[Service]:
        app = build_app(Settings(host="127.0.0.1", public_base_url=None, clients_file=None))
        async with app.router.lifespan_context(app):
            transport = httpx2.ASGITransport(app=app)
            async with httpx2.AsyncClient(transport=transport, base_url="http://test") as session:
                found: list[Service] = (await session.get("/cds-services")).json()["services"]
                return found

    return asyncio.run(ask())


def templates() -> tuple[Template, ...]:
    """Returns the templates of all services, which know what is required."""
    return answer.load(Settings()).templates


def written(page: str, offered: list[Service]) -> str:
    """Returns the page with its generated parts as discovery has them now."""
    parts = {"services": _services(offered), "prefetch": _prefetch(offered), "scopes": _scopes(offered)}
    for name, part in parts.items():
        before, marker, rest = page.partition(f"<!-- {name}: generated -->\n")
        _, end, after = rest.partition("<!-- end -->")
        if not marker or not end:
            raise ValueError(f"{PAGE.name} has no place for {name}")
        page = f"{before}{marker}\n{part}\n{end}{after}"
    return page


def _services(offered: list[Service]) -> str:
    lines = ["| Path | Hook | What for |", "| --- | --- | --- |"]
    lines += [f"| `/cds-services/{one['id']}` | {one['hook']} | {one['description']} |" for one in offered]
    return "\n".join(lines) + "\n"


def _queries(offered: list[Service]) -> dict[str, str]:
    queries: dict[str, str] = {}
    for one in offered:
        for key, query in one["prefetch"].items():
            if queries.setdefault(key, query) != query:
                raise ValueError(f"{key} has two queries: the sheet would have to tell them apart")
    return queries


def _prefetch(offered: list[Service]) -> str:
    return "\n".join(_keys(offered)) + "\n"


def _keys(offered: list[Service]) -> Iterator[str]:
    required = {template.key for template in templates() if template.required}
    for key, query in _queries(offered).items():
        askers = [one["id"] for one in offered if key in one["prefetch"]]
        whose = "" if len(askers) == len(offered) else f" Only for {', '.join(f'`{id_}`' for id_ in askers)}."
        yield f"`{key}`:{' **required.**' if key in required else ''}{whose}\n\n    {query}\n"


def _scopes(offered: list[Service]) -> str:
    lines = ["| Resource | SMART 1 | SMART 2 | Prefetch key |", "| --- | --- | --- | --- |"]
    for key, query in _queries(offered).items():
        type_ = re.split(r"[/?]", query)[0]
        permissions = "r" if type_ == "Patient" else "rs"
        lines.append(f"| {type_} | `patient/{type_}.read` | `patient/{type_}.{permissions}` | `{key}` |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text("utf-8"), services()), "utf-8")
