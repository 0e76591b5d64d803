"""The hand-written value sets with their faults, read as the service itself reads them."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from service.knowledge import schema, strict_yaml
from service.knowledge.schema import Selector

SHAPES = (
    frozenset({"list"}),
    frozenset({"list", "systems"}),
    frozenset({"system", "code"}),
    frozenset({"system", "prefix"}),
    frozenset({"ingredient"}),
)
ASIDES = frozenset({"side", "why"})


class ValueSetError(Exception):
    """A value set that cannot be built: one line for each fault, with file and line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class ValueSet:
    """One value set as its author wrote it."""

    path: Path
    document: strict_yaml.Document
    model: schema.ValueSet

    def fault(self, part: str, index: int, message: str) -> str:
        """The message with the file, line and text of this row of `include` or `exclude`."""
        row = getattr(self.model, part)[index]
        line = self.document.line((part, index))
        return f"{self.path}:{line}: {part} {{{spell(row)}}}: {message}"


def spell(row: Selector) -> str:
    """The row as it stands in the file."""
    return ", ".join(f"{key}: {value}" for key, value in _keys(row).items())


def read_set(path: Path) -> ValueSet:
    """The value set of this file.

    Raises:
        ValueSetError: a key, kind, side or row shape that the format does not know.

    """
    try:
        document = strict_yaml.read(path.read_text(encoding="utf-8"))
        model = schema.ValueSet.model_validate(document.tree)
    except strict_yaml.Malformed as error:
        raise ValueSetError([f"{path}:{error.line}: {error}"]) from error
    except ValidationError as error:
        raise ValueSetError([f"{path}: {fault['loc']}: {fault['msg']}" for fault in error.errors()]) from error
    value_set = ValueSet(path, document, model)
    faults = [] if model.id == path.stem else [f"{path}: id must be {path.stem}"]
    for part, rows in (("include", model.include), ("exclude", model.exclude)):
        for index, row in enumerate(rows):
            if frozenset(_keys(row)) - ASIDES not in SHAPES:
                faults.append(value_set.fault(part, index, "not a list, a code, a prefix or an ingredient"))
            if part == "exclude" and not row.why:
                faults.append(value_set.fault(part, index, "say why"))
    if faults:
        raise ValueSetError(faults)
    return value_set


def _keys(row: Selector) -> dict[str, object]:
    return row.model_dump(by_alias=True, exclude_none=True)
