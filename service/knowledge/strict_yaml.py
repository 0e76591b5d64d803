"""YAML read strictly: every scalar is text; duplicate keys, anchors, aliases, tags are refused; faults have lines."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

M = TypeVar("M", bound=BaseModel)
Path = tuple[str | int, ...]
Events = Callable[[], Any]  # the next event of the parser
_PARSER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
_PLAIN = {
    "extra_forbidden": "there is no such word here",
    "missing": "this must be given",
    "too_short": "this must not be empty",
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a rule file, and where: file, line and the path of keys."""

    file: str
    line: int
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return f"{where}: {self.path}: {self.message}" if self.path else f"{where}: {self.message}"


class Malformed(ValueError):
    """The text is not YAML as rule files write it."""

    def __init__(self, line: int, path: Path, message: str) -> None:
        super().__init__(message)
        self.line = line
        self.path = path


@dataclass(slots=True)
class Document:
    """A tree of dicts, lists and strings, with the text that it was written as."""

    tree: Any
    text: str

    def line(self, path: Path) -> int:
        """Returns the line on which the longest known part of a path begins."""
        return line_of(self.text, path)

    def fault(self, file: str, path: Path, message: str) -> Fault:
        """Returns a fault at a path of this document."""
        return Fault(file, self.line(path), ".".join(map(str, path)), message)


def read(text: str) -> Document:
    """Reads one YAML document. Raises Malformed, with its line."""
    try:
        tree = _document(_PARSER(text).get_event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise Malformed(line, (), f"not YAML: {error.problem}") from None
    except yaml.YAMLError:
        raise Malformed(1, (), "not YAML: a control character stands in the text") from None
    return Document(tree, text)


def line_of(text: str, path: Path) -> int:
    """Returns the line of a text that `read` takes on which the longest known part of a path begins."""
    begins = node = yaml.compose(text, _PARSER)
    for step in path:
        if isinstance(node, yaml.MappingNode):  # an entry begins with its key
            entries = {key.value: (key, value) for key, value in node.value}
        elif isinstance(node, yaml.SequenceNode):
            entries = {number: (item, item) for number, item in enumerate(node.value)}
        else:
            break
        if step not in entries:
            break
        begins, node = entries[step]
    return begins.start_mark.line + 1 if begins else 1


def _document(get: Events) -> Any:
    get()  # stream start
    event = get()
    if isinstance(event, yaml.StreamEndEvent):
        raise Malformed(1, (), "the file is empty")
    tree = _node(get(), get, ())
    get()  # document end
    event = get()
    if not isinstance(event, yaml.StreamEndEvent):
        raise Malformed(event.start_mark.line + 1, (), "one document per file")
    return tree


def _node(event: Any, get: Events, path: Path) -> Any:
    if _is_text(event):
        return event.value
    line = event.start_mark.line + 1
    if isinstance(event, yaml.AliasEvent):
        raise Malformed(line, path, "aliases are not allowed: write it out")
    if event.anchor is not None:
        raise Malformed(line, path, "anchors are not allowed: write it out")
    if event.tag is not None:
        raise Malformed(line, path, "tags are not allowed: types come from the schema")
    if isinstance(event, yaml.SequenceStartEvent):
        items: list[Any] = []
        while not isinstance(event := get(), yaml.SequenceEndEvent):
            items.append(_node(event, get, (*path, len(items))))
        return items
    return _mapping(get, path)


def _mapping(get: Events, path: Path) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    while not isinstance(event := get(), yaml.MappingEndEvent):
        if not _is_text(event):
            raise Malformed(event.start_mark.line + 1, path, "a key is a plain word")
        key = event.value
        if key in mapping:
            raise Malformed(event.start_mark.line + 1, (*path, key), "this key stands here twice")
        value = get()
        mapping[key] = value.value if _is_text(value) else _node(value, get, (*path, key))
    return mapping


def _is_text(event: Any) -> bool:
    """Whether it is a scalar, and nothing but its text."""
    return type(event) is yaml.ScalarEvent and event.tag is None and event.anchor is None


def read_model(text: str, file: str, shape: type[M]) -> tuple[M, Document] | list[Fault]:
    """Returns a YAML text as a model with its lines, or every fault with file, line and path."""
    try:
        document = read(text)
    except Malformed as error:
        return [Fault(file, error.line, ".".join(map(str, error.path)), str(error))]
    try:
        return shape.model_validate(document.tree), document
    except ValidationError as error:
        return [
            Fault(
                file,
                document.line(fault["loc"]),
                ".".join(map(str, fault["loc"])),
                _PLAIN.get(fault["type"], fault["msg"].removeprefix("Value error, ")),
            )
            for fault in error.errors(include_url=False, include_input=False, include_context=False)
        ]


def read_file(path: FilePath, shape: type[M]) -> tuple[M, Document, bytes] | list[Fault]:
    """Returns a YAML file as a model with its lines and its bytes, or every fault; also where it cannot be read."""
    try:
        content = path.read_bytes()
        read = read_model(content.decode("utf-8"), str(path), shape)
    except OSError as fault:
        return [Fault(str(path), 1, "", f"cannot be read: {fault.strerror}")]
    except UnicodeDecodeError:
        return [Fault(str(path), 1, "", "is not UTF-8")]
    return read if isinstance(read, list) else (*read, content)
