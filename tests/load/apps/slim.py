"""(b) FastAPI that decodes the body with msgspec Structs of what one rule reads, and evaluates it."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from fastapi import FastAPI, Request
from starlette.responses import Response

from tests.load.apps import one_rule
from tests.load.payload import SERVICE


class Coding(msgspec.Struct, gc=False):
    code: str = ""


class Concept(msgspec.Struct, gc=False):
    coding: list[Coding] = []


class Condition(msgspec.Struct, gc=False):
    code: Concept = msgspec.field(default_factory=Concept)


class Observation(msgspec.Struct, gc=False):
    code: Concept = msgspec.field(default_factory=Concept)
    status: str = ""
    effectiveDateTime: str = ""  # noqa: N815


class ConditionEntry(msgspec.Struct, gc=False):
    resource: Condition


class ObservationEntry(msgspec.Struct, gc=False):
    resource: Observation


class Conditions(msgspec.Struct, gc=False):
    entry: list[ConditionEntry] = []


class Observations(msgspec.Struct, gc=False):
    entry: list[ObservationEntry] = []


class Prefetch(msgspec.Struct, gc=False):
    conditions: Conditions
    observations: Observations


class Call(msgspec.Struct, gc=False):
    hook: str
    prefetch: Prefetch


app = FastAPI()
_CALL = msgspec.json.Decoder(Call)


@app.post(f"/cds-services/{SERVICE}")
async def call(request: Request) -> Response:
    prefetch = _CALL.decode(await request.body()).prefetch
    codes = (coding.code for entry in prefetch.conditions.entry for coding in entry.resource.code.coding)
    days = (
        entry.resource.effectiveDateTime
        for entry in prefetch.observations.entry
        if entry.resource.status == "final"
        and any(coding.code == one_rule.LOINC_HBA1C for coding in entry.resource.code.coding)
    )
    answer = one_rule.cards(codes, days, datetime.now(UTC).date())
    return Response(msgspec.json.encode(answer), media_type="application/json")
