"""(d) HealthChain: its CDS Hooks service, its adapter for prefetched FHIR data, and the same one rule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from healthchain.gateway import CDSHooksService, HealthChainAPI
from healthchain.gateway.cds import CDSHooksConfig
from healthchain.io import CdsFhirAdapter
from healthchain.models.responses.cdsresponse import CDSResponse

from tests.load.apps import one_rule
from tests.load.payload import SERVICE

_adapter = CdsFhirAdapter()
_service = CDSHooksService(config=CDSHooksConfig(base_path=""))


@_service.hook("patient-view", id=SERVICE)  # type: ignore[untyped-decorator]
def answer(request: Any) -> Any:
    prefetch = _adapter.parse(request).fhir.prefetch_resources
    response = one_rule.cards_of_models(prefetch["conditions"], prefetch["observations"], datetime.now(UTC).date())
    return CDSResponse.model_validate(response)


app = HealthChainAPI()
app.register_service(_service)
