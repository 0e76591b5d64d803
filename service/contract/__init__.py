"""The messages of the service as models, for the OpenAPI document and the tests; none passes through them.

Requests are read from their bytes (wire.py, posted.py) and answers are built as plain members (cards/,
explanation.py): these models say what comes of it. A member without a value is left out, so none is ever null.
"""

from service.contract.answers import CdsResponse, CdsServices, FeedbackResponse
from service.contract.catalogue import Alive, Ready, Rule, RuleList
from service.contract.requests import Bundle, FeedbackCall, HookCall

__all__ = [
    "Alive",
    "Bundle",
    "CdsResponse",
    "CdsServices",
    "FeedbackCall",
    "FeedbackResponse",
    "HookCall",
    "Ready",
    "Rule",
    "RuleList",
]
