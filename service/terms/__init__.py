"""Codes, names, units and words compiled to look-ups."""

from service.terms.lookup import NOTHING, UNTOLD, Coded, Recognition, Terms, one_of
from service.terms.recogniser import Recogniser
from service.terms.tables import compile_terms

__all__ = ["NOTHING", "UNTOLD", "Coded", "Recogniser", "Recognition", "Terms", "compile_terms", "one_of"]
