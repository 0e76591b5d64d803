"""Building of the value set expansions from the verified code lists; not imported by the running service."""

from service.terminology.build import main

__all__ = ["main"]
