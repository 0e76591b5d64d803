"""The discovery document: the CDS services, with what each needs and what can be set in a call."""

from __future__ import annotations

from typing import Any

from service.answer import Knowledge
from service.cards import OPTIONS
from service.services import SERVICES

SPECIFICATION = "2.0.1"


def discover(knowledge: Knowledge) -> dict[str, Any]:
    """Returns the discovery document of CDS Hooks; it changes with the rule set alone."""
    options = [option.described() for option in OPTIONS]
    services = [
        {
            "hook": service.hook,
            "title": service.title,
            "description": service.description,
            "id": service.id,
            "prefetch": {template.key: template.query for template in knowledge.offered[service.id]},
            "usageRequirements": service.usage,
            "version": SPECIFICATION,
            "extension": {"davinci-crd.configuration-options": options},
        }
        for service in SERVICES.values()
    ]
    return {"services": services}
