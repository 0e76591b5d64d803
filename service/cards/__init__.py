"""Findings → CDS Hooks cards."""

from service.cards.audience import Audience
from service.cards.compose import compose
from service.cards.drafts import Drafts, build_drafts
from service.cards.options import OPTIONS, Wishes, read_wishes
from service.cards.sections import sections_of

__all__ = ["OPTIONS", "Audience", "Drafts", "Wishes", "build_drafts", "compose", "read_wishes", "sections_of"]
