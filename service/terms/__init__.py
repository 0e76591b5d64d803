"""Codes, names, units and words compiled to look-ups."""

from service.terms.lookup import NOTHING, Coded, Recogniser, Recognition, Terms, compile_terms, one_of

__all__ = ["NOTHING", "Coded", "Recogniser", "Recognition", "Terms", "compile_terms", "one_of"]
