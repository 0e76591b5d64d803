"""The rule engine: a compiled program and its evaluation."""

from service.engine.evaluate import Evaluation, evaluate
from service.engine.findings import Finding
from service.engine.program import Program, load_program

__all__ = ["Evaluation", "Finding", "Program", "evaluate", "load_program"]
