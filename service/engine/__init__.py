"""The rule engine: a compiled program and its evaluation."""

from service.engine.evaluate import Evaluation, Finding, evaluate
from service.engine.program import Program, load_program

__all__ = ["Evaluation", "Finding", "Program", "evaluate", "load_program"]
