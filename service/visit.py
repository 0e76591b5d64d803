"""Calls to the FHIR servers of clients: within a deadline, page by page, one patient's alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

import httpx2
import msgspec

from service.address import Base, page_under, read_base
from service.aside import LARGE_BYTES
from service.clients import FhirServer
from service.connection import AddressRefused, open_client
from service.fetched import Fetched, Outcome
from service.page import read_page
from service.record import Identity, Source, utf8
from service.settings import Settings
from service.supply import Lack, is_usable

_MOST_PAGES = 20
_LARGEST_SHARE = 4  # one answer may be this part of what all may be together, so that none leaves the others without
_PATIENT_ID = "{{context.patientId}}"


class Visits:
    """Calls to the FHIR servers of clients; one for the process. Connections are kept, answers are not."""

    def __init__(self, settings: Settings) -> None:
        self._budget_s = settings.fetch_budget_ms / 1000
        self._deadline_s = settings.fetch_deadline_s
        self._most_bytes = settings.max_body_bytes
        # Kept apart, so that a connection to a private address never serves a caller who may not reach it.
        self._public = open_client(private=False)
        self._private = open_client(private=True)

    async def close(self) -> None:
        """Closes what is open."""
        await self._public.aclose()
        await self._private.aclose()

    async def make(self, server: FhirServer, token: str | None, patient_id: str, lacks: Sequence[Lack]) -> Fetched:
        """Returns what could be had of what a message lacks, all keys asked for at once.

        After the budget no call is begun; at the deadline those under way are abandoned. All answers to one message
        together may be as large as a request body, one of them a quarter of it.
        """
        fetched = Fetched()
        begun = asyncio.get_running_loop().time()
        visit = _Visit(
            client=self._private if server.private else self._public,
            base=_base(server),
            headers={"Authorization": f"Bearer {token}"} if token else {},
            patient_id=patient_id,
            latest=begun + self._budget_s,
            bytes_left=self._most_bytes,
            most_bytes=self._most_bytes // _LARGEST_SHARE,
            fetched=fetched,
        )
        tasks = [asyncio.create_task(visit.follow(lack)) for lack in lacks]
        try:
            done, late = await asyncio.wait(tasks, timeout=self._deadline_s)
        finally:
            for task in tasks:
                task.cancel()
        fetched.outcomes[Outcome.DEADLINE] += len(late)
        for task in done:
            task.result()
        fetched.outcomes = +fetched.outcomes
        fetched.seconds = asyncio.get_running_loop().time() - begun
        fetched.size_bytes = self._most_bytes - visit.bytes_left
        return fetched


def _base(server: FhirServer) -> Base:
    base = read_base(server.url)
    if base is None:
        raise TypeError("the clients file holds no such address")
    return base


@dataclass(slots=True)
class _Visit:
    """One message's calls to one server.

    latest: when, on the loop's clock, the last call may begin. bytes_left: for all answers; most_bytes: for one.
    """

    client: httpx2.AsyncClient
    base: Base
    headers: dict[str, str]
    patient_id: str
    latest: float
    bytes_left: int
    most_bytes: int
    fetched: Fetched

    def __repr__(self) -> str:
        return "_Visit(…)"

    async def follow(self, lack: Lack) -> None:
        """Gathers the pages under one key; its source is complete only once the last page is in."""
        template = lack.template
        source = Source(complete=False)
        url = self._first(lack)
        seen: set[str] = set()
        is_whole = True
        for number in range(1, _MOST_PAGES + 1):
            if url is None or url in seen:
                self._count(Outcome.PAGE_REFUSED)
                return
            if asyncio.get_running_loop().time() >= self.latest:
                self._count(Outcome.LATE)
                return
            seen.add(url)
            outcome, page = await self._read(url, f"fetched.{template.key}[{number}]", lack)
            self._count(outcome)
            if page is None:
                return
            source.join(page)
            is_whole &= page.complete
            self.fetched.sources[template.key] = source
            if outcome is not Outcome.USED:
                return
            if page.next is None:
                source.complete = is_whole
                return
            url = page_under(self.base, page.next)
        self._count(Outcome.TOO_MANY_PAGES)

    def _count(self, outcome: Outcome) -> None:
        self.fetched.outcomes[outcome] += 1

    def _first(self, lack: Lack) -> str | None:
        if lack.next is not None:
            return page_under(self.base, lack.next)
        query = lack.template.query.replace(_PATIENT_ID, self.patient_id)
        return f"{self.base}/{quote(query, safe='/?&=:,')}"

    async def _read(self, url: str, name: str, lack: Lack) -> tuple[Outcome, Source | None]:
        outcome, body = await self._get(url)
        if outcome is not Outcome.USED:
            return outcome, None
        try:
            page = await asyncio.to_thread(_page, body, name) if len(body) > LARGE_BYTES else _page(body, name)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            return Outcome.NOT_JSON, None
        if page is None or (not page.by_type and not page.rejected and not page.complete):
            return Outcome.FAILED, None
        is_read = "?" not in lack.template.query
        if not is_usable(page, lack.template, Identity(self.patient_id, None)) or (is_read and not page.by_type):
            page.complete = False
            return Outcome.UNUSABLE, page
        return Outcome.USED, page

    async def _get(self, url: str) -> tuple[Outcome, bytes]:
        now = asyncio.get_running_loop().time()
        # The deadline of all ends a call that hangs; waiting for a connection of the pool is not having begun.
        timeout = httpx2.Timeout(None, pool=max(self.latest - now, 0.001))
        try:
            async with self.client.stream("GET", url, headers=self.headers, timeout=timeout) as answer:
                outcome = _judge(answer)
                if outcome is not Outcome.USED:
                    return outcome, b""
                body = await self._collect(answer)
                return (Outcome.TOO_LARGE, b"") if body is None else (Outcome.USED, body)
        except httpx2.PoolTimeout:
            return Outcome.LATE, b""
        except (httpx2.HTTPError, httpx2.InvalidURL) as fault:
            refused = isinstance(fault.__cause__, AddressRefused)
            return Outcome.ADDRESS_REFUSED if refused else Outcome.UNREACHABLE, b""

    async def _collect(self, answer: httpx2.Response) -> bytes | None:
        """The body as it was sent, None where it is too large; then it counts no longer against the others."""
        chunks: list[bytes] = []
        size_bytes = 0
        async for chunk in answer.aiter_raw():
            size_bytes += len(chunk)
            self.bytes_left -= len(chunk)
            if size_bytes > self.most_bytes or self.bytes_left < 0:
                self.bytes_left += size_bytes
                return None
            chunks.append(chunk)
        return b"".join(chunks)


def _judge(answer: httpx2.Response) -> Outcome:
    """What status and headers say before a byte of the body is read."""
    status = answer.status_code
    if status in (401, 403):
        return Outcome.UNAUTHORISED
    if status in (404, 410):
        return Outcome.NOT_FOUND
    if 300 <= status < 400:
        return Outcome.REDIRECTED
    if status >= 500:
        return Outcome.SERVER_ERROR
    if status != 200:
        return Outcome.REFUSED
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    if not (media_type.endswith("+json") or media_type in ("application/json", "application/json+fhir")):
        return Outcome.NOT_JSON
    # Nothing is unpacked: it was asked for as it is, and the limit is one on memory.
    if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
        return Outcome.NOT_JSON
    return Outcome.USED


def _page(body: bytes, name: str) -> Source | None:
    return read_page(utf8(body), name)
