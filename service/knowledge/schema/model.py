"""What every file of `rules/` is made of: names, windows, limits, and a model that admits no unknown member."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$")]
Summary = Annotated[str, Field(min_length=1, max_length=139)]
Text = Annotated[str, Field(min_length=1)]
FhirCode = Annotated[str, Field(pattern=r"^\S+( \S+)*$")]  # the data type code of FHIR R4
Grade = Literal["A", "B", "C", "D"]
Indicator = Literal["info", "warning", "critical"]


def _days(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"(\d+) days?", value)
        if match is None:
            raise ValueError('a window is written in whole days: "90 days"')
        return int(match[1])
    return value


Days = Annotated[
    int, BeforeValidator(_days), Field(ge=0, json_schema_extra={"type": "string", "pattern": r"^\d+ days?$"})
]


def _listed(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_SLUGS = Annotated[list[Slug], Field(min_length=1)]
Slugs = Annotated[_SLUGS, BeforeValidator(_listed, json_schema_input_type=Slug | _SLUGS)]
Limits = Annotated[dict[str, float], Field(min_length=1)]  # UCUM unit → number


def _once(listed: list[Any]) -> list[Any]:
    seen: set[str] = set()
    for item in listed:
        name = item if isinstance(item, str) else getattr(item, "id", None) or item.key
        if name in seen:
            raise ValueError(f"{name} stands here twice")
        seen.add(name)
    return listed


Once = AfterValidator(_once)


class Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, defer_build=True)
