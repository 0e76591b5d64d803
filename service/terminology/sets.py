"""The hand-written value sets, read strictly: plain YAML, all scalars text, closed sets of keys."""

from dataclasses import dataclass
from pathlib import Path

import yaml

from service.terminology.lists import KNOWN_SYSTEMS

KINDS = frozenset({"condition", "medication", "result", "report", "procedure", "observation"})
SET_KEYS = frozenset({"id", "title", "kind", "purpose", "include", "exclude", "left_out"}) | {
    *("names", "not_names", "not_routes", "unit", "units")
}
INCLUDE_SHAPES = (
    frozenset({"list"}),
    frozenset({"list", "systems"}),
    frozenset({"system", "code"}),
    frozenset({"system", "prefix"}),
    frozenset({"system", "code", "side"}),
    frozenset({"system", "prefix", "side"}),
    frozenset({"ingredient"}),
)
EXCLUDE_SHAPES = (*(shape for shape in INCLUDE_SHAPES if "side" not in shape), frozenset({"name"}))
SIDES = frozenset({"left", "right", "both", "unspecified"})

Line = dict[str, str | list[str]]


class ValueSetError(Exception):
    """A value set that cannot be built; the text names file and row."""


@dataclass(frozen=True, slots=True)
class ValueSet:
    """One value set as its author wrote it."""

    path: Path
    kind: str
    include: tuple[Line, ...]
    exclude: tuple[Line, ...]

    @property
    def id(self) -> str:
        """The file stem, which is the id."""
        return self.path.stem


class _StrictLoader(yaml.BaseLoader):
    """Every scalar is text; anchors, aliases and duplicate keys are refused."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if (
            isinstance(event, yaml.AliasEvent)
            or getattr(event, "anchor", None)
            or getattr(event, "tag", None)
        ):
            line = event.start_mark.line + 1
            raise yaml.YAMLError(f"line {line}: anchors, aliases and tags are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[object, object]:
        keys = [key.value for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"line {node.start_mark.line + 1}: key {key} appears twice")
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> object:
    """The document of a rules file.

    Raises:
        ValueSetError: not YAML of the strict kind.

    """
    try:
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_StrictLoader)  # noqa: S506 - scalars stay text
    except yaml.YAMLError as error:
        raise ValueSetError(f"{path}: {error}") from error


def read_set(path: Path) -> ValueSet:
    """The value set of this file.

    Raises:
        ValueSetError: a key, kind, side or row shape that the format does not know.

    """
    document = read_yaml(path)
    if not isinstance(document, dict):
        raise ValueSetError(f"{path}: not a mapping")
    unknown = set(document) - SET_KEYS
    if unknown:
        raise ValueSetError(f"{path}: unknown key {', '.join(sorted(unknown))}")
    if document.get("id") != path.stem:
        raise ValueSetError(f"{path}: id must be {path.stem}")
    if document.get("kind") not in KINDS:
        raise ValueSetError(f"{path}: kind must be one of {', '.join(sorted(KINDS))}")
    include = tuple(document.get("include") or ())
    exclude = tuple(document.get("exclude") or ())
    for line in include:
        _check(path, line, INCLUDE_SHAPES)
    for line in exclude:
        if not line.get("why"):
            raise ValueSetError(f"{path}: exclude {line}: say why")
        _check(path, {key: value for key, value in line.items() if key != "why"}, EXCLUDE_SHAPES)
    return ValueSet(path, document["kind"], include, exclude)


def _check(path: Path, line: Line, shapes: tuple[frozenset[str], ...]) -> None:
    if frozenset(line) not in shapes:
        raise ValueSetError(f"{path}: {line}: a row has one of these shapes: {_spelled(shapes)}")
    systems = [line["system"]] if "system" in line else line.get("systems", [])
    for system in systems:
        if system not in KNOWN_SYSTEMS:
            raise ValueSetError(f"{path}: {line}: unknown system {system}")
    if "side" in line and line["side"] not in SIDES:
        raise ValueSetError(f"{path}: {line}: side must be one of {', '.join(sorted(SIDES))}")


def _spelled(shapes: tuple[frozenset[str], ...]) -> str:
    return "; ".join(" + ".join(sorted(shape)) for shape in shapes)
