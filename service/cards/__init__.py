"""Findings → CDS Hooks cards."""

from service.cards.compose import Client, compose
from service.cards.drafts import Drafts, build_drafts

__all__ = ["Client", "Drafts", "build_drafts", "compose"]
