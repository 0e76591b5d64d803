"""Findings → CDS Hooks cards."""

from service.cards.compose import Audience, compose
from service.cards.drafts import Drafts, build_drafts

__all__ = ["Audience", "Drafts", "build_drafts", "compose"]
