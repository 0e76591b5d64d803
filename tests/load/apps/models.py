"""(c) FastAPI that makes models of fhir.resources R4B of every prefetched resource, and evaluates one rule."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
from fastapi import FastAPI, Request
from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.patient import Patient
from starlette.responses import Response

from tests.load.apps import one_rule
from tests.load.payload import SERVICE

app = FastAPI()


@app.post(f"/cds-services/{SERVICE}")
async def call(request: Request) -> Response:
    prefetch = orjson.loads(await request.body())["prefetch"]
    Patient.model_validate(prefetch.pop("patient"))
    bundles = {key: Bundle.model_validate(value) for key, value in prefetch.items()}
    answer = one_rule.cards_of_models(bundles["conditions"], bundles["observations"], datetime.now(UTC).date())
    return Response(orjson.dumps(answer), media_type="application/json")
