"""The application: which routes, behind what, and what is compiled before the first request."""

import gc
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from service import answer, rendering
from service.aside import Aside
from service.callers import Anybody, Callers
from service.clients import ClientsInvalid, check
from service.cors import Cors
from service.discovery import discover
from service.envelope import Envelope
from service.fetch import FhirReader
from service.log import log
from service.memory import Memory
from service.observe import Metrics
from service.routes import bundle, catalogue, docs, feedback, health, hooks
from service.settings import Settings

_VERSION = "1.0.0"
_DESCRIPTION = """\
Says what may lie behind a patient's nocturnal leg cramps and which workup is outstanding, as CDS Hooks cards.

The service keeps nothing. No clinician has signed its rules yet: do not use it for the care of patients.
"""
_TAGS = [
    {"name": "CDS Hooks", "description": "Discovery, hook calls and feedback, for an EHR."},
    {"name": "evaluation", "description": "The same cards for a posted FHIR Bundle, with the whole explanation."},
    {"name": "rules", "description": "The rule catalogue."},
    {"name": "operations", "description": "Health and metrics."},
]


class App(FastAPI):
    """FastAPI with the OpenAPI document of openapi.py."""

    def openapi(self) -> dict[str, Any]:
        """The OpenAPI document, made once."""
        if self.openapi_schema is None:
            from service import openapi  # noqa: PLC0415  # models that nobody needs who asks for no documentation

            self.openapi_schema = openapi.document(self)
        return self.openapi_schema


def build_app(settings: Settings | None = None, knowledge: answer.Knowledge | None = None) -> FastAPI:
    """The whole service; state holds `settings`, `metrics`, `callers` and, once started, the compiled `program`.

    knowledge: the rule set, where it is compiled already. Raises ClientsInvalid.
    """
    settings = settings or Settings()
    app = App(
        title="Nocturnal leg cramps",
        version=_VERSION,
        summary="Clinical decision support by CDS Hooks and FHIR R4",
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        root_path=settings.root_path,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        swagger_ui_oauth2_redirect_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # the words of a fault may quote a record
        lifespan=_lifespan,
    )
    app.state.settings = settings
    app.state.prepared = knowledge
    app.state.metrics = Metrics()
    app.state.memory = Memory()
    app.state.aside = Aside()
    app.state.callers = _callers(settings, app.state.metrics)
    if knowledge is not None:
        _check_clients(app, knowledge)
    rendering.install(app)
    for module in (hooks, feedback, bundle, catalogue, health, docs):
        app.router.routes.extend(module.router.routes)  # as include_router, but looked for once and not twice
    # The last one added is the outermost: a refusal, and even a crash, carries CORS headers.
    app.add_middleware(Envelope, settings=settings, metrics=app.state.metrics)
    app.add_middleware(
        Cors,
        allow_origins=settings.cors_origins,
        allow_methods=["GET", "HEAD", "POST", "OPTIONS"],
        allow_headers=["Accept", "Authorization", "Content-Type", "If-None-Match", "X-Request-ID"],
        expose_headers=["ETag", "Retry-After", "Server-Timing", "X-Request-ID"],
        max_age=600,
    )
    return app


def _callers(settings: Settings, metrics: Metrics) -> Callers:
    if settings.clients_file is None:
        return Anybody()
    from service.trust import Trust  # noqa: PLC0415  # cryptography takes 9 MB that only those need who ask for tokens

    return Trust(settings.clients_file, settings, metrics)


def _check_clients(app: FastAPI, knowledge: answer.Knowledge) -> None:
    """What the clients file names must be there: prefetch keys and orders."""
    if faults := check(app.state.callers.clients, knowledge.program):
        raise ClientsInvalid(faults)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Compile the rule set before the first request; a rule set with a fault stops the start."""
    settings = app.state.settings
    app.state.knowledge = knowledge = app.state.prepared or answer.load(settings)
    _check_clients(app, knowledge)
    app.state.program = program = knowledge.program
    app.state.discovery = discover(knowledge)
    gc.freeze()  # what was compiled stays for good: no collection need look at it, not even now
    gc.enable()
    log(logging.INFO, "started", version=program.version, digest=program.digest)
    if app.state.callers.is_open:
        log(logging.WARNING, "open-on-loopback" if settings.is_loopback else "open-to-anybody")
    async with FhirReader(settings, app.state.callers.clients) as app.state.fhir_reader:
        yield
    app.state.program = None
    await app.state.callers.close()
