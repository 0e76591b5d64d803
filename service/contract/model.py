"""What the models of messages are made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Day = Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


def _never_null(schema: dict[str, Any]) -> None:
    """An optional member may be absent, but is never null."""
    for member in schema.get("properties", {}).values():
        member.pop("title", None)
        kinds = [kind for kind in member.get("anyOf", ()) if kind != {"type": "null"}]
        if kinds and len(kinds) < len(member["anyOf"]):
            del member["anyOf"], member["default"]
            member.update(kinds[0] if len(kinds) == 1 else {"anyOf": kinds})


class Part(BaseModel):
    """A part of an answer: it has these members and no other."""

    model_config = ConfigDict(extra="forbid", strict=True, defer_build=True, json_schema_extra=_never_null)


class Loose(BaseModel):
    """A part of a request: what else it has is ignored."""

    model_config = ConfigDict(extra="allow", defer_build=True, json_schema_extra=_never_null)
