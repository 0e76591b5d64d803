"""An evaluated answer on its way out: encoded, with its stages counted."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from service.observe import Metrics
from service.settings import Settings
from service.stages import Stages


def reply(request: Request, content: dict[str, Any], stages: Stages) -> Response:
    """Returns the content as JSON; with Server-Timing where the settings ask for it."""
    body = msgspec.json.encode(content)
    stages.end("encode")
    metrics: Metrics = request.app.state.metrics
    settings: Settings = request.app.state.settings
    metrics.observe_stages(stages.seconds)
    headers = {"Server-Timing": stages.header()} if settings.server_timing else None
    return Response(body, headers=headers, media_type="application/json")
