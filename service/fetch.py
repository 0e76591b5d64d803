"""What prefetch lacks, from the FHIR server of the client, where the server is on the client's list."""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Self

from service.address import read_base
from service.clients import Caller, Client, Clients, FhirServer
from service.fetched import Fetched, Outcome
from service.prefetch import Template
from service.settings import Settings
from service.supply import lacking
from service.wire import Message

if TYPE_CHECKING:
    from service.visit import Visits


class FhirReader:
    """Reads from the FHIR servers of clients; one for the process."""

    def __init__(self, settings: Settings, clients: Clients) -> None:
        self._visits = _visits(settings) if clients.name_servers else None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._visits is not None:
            await self._visits.close()

    async def fetch(self, message: Message, templates: tuple[Template, ...], caller: Caller) -> Fetched:
        """Returns what could be had of what a message lacks for a service's templates."""
        fetched = Fetched()
        lacks = lacking(message, templates)
        server = server_of(message, caller)
        if server is None or self._visits is None:
            fetched.outcomes[Outcome.NOT_ALLOWED] += len(lacks)
            return fetched
        token = token_of(message, caller)
        if token is None and not server.without_token:
            fetched.outcomes[Outcome.NO_TOKEN] += len(lacks)
            return fetched
        return await self._visits.make(server, token, message.patient_id, lacks)


def is_to_fetch(message: Message, templates: tuple[Template, ...]) -> bool:
    """Returns whether a message lacks something and names a server to ask for it."""
    return message.fhir_server is not None and bool(lacking(message, templates))


def _visits(settings: Settings) -> Visits:
    from service.visit import Visits  # noqa: PLC0415  # an HTTP client that only those need whose clients name servers

    return Visits(settings)


def server_of(message: Message, caller: Caller) -> FhirServer | None:
    """Returns the entry of the caller's list whose URL is that of the message, part by part (F-10)."""
    asked = read_base(message.fhir_server or "")
    return next(
        (server for server in caller.fhir_servers if asked is not None and read_base(server.url) == asked), None
    )


def token_of(message: Message, caller: Caller) -> str | None:
    """Returns the token that came, None where it may not be used: for another service or another patient (F-11)."""
    granted = message.authorization
    if granted is None:
        return None
    subject = caller.subject if isinstance(caller, Client) else None
    if subject is not None and granted.subject != subject:
        return None
    if granted.patient is not None and granted.patient.removeprefix("Patient/") != message.patient_id:
        return None
    return granted.access_token
