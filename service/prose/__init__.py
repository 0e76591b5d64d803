"""Clauses as plain English, for the rule catalogue."""

from service.prose.sentences import condition, sentence

__all__ = ["condition", "sentence"]
