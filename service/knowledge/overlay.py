"""A site's own and licensed codes: a CSV file of system, code, value set and label, laid over the value sets."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from service.knowledge.load import OVERLAY, Overlay, Row, Rules, RulesInvalid
from service.knowledge.strict_yaml import Fault

_HEADERS = (["system", "code", "value set"], ["system", "code", "value set", "label"])
_LOCAL = "local:"
_LONGEST_LABEL = 100


class _Line(NamedTuple):
    number: int
    system: str
    code: str
    valueset: str
    label: str


def with_overlay(rules: Rules, path: Path) -> Rules:
    """Returns the rules with the codes of an overlay file in their value sets. Raises RulesInvalid with its faults."""
    try:
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except OSError as fault:
        raise RulesInvalid([Fault(str(path), 1, "", f"cannot be read: {fault.strerror}")]) from None
    except UnicodeDecodeError:
        raise RulesInvalid([Fault(str(path), 1, "", "is not UTF-8")]) from None
    return lay_over(rules, text, str(path), f"sha256:{hashlib.sha256(content).hexdigest()}")


def lay_over(rules: Rules, text: str, file: str, digest: str) -> Rules:
    """Returns the rules with the codes of an overlay's text. Pure."""
    faults: list[Fault] = []
    lines = list(_lines(text, file, faults))
    systems: dict[str, str] = {}
    for known in rules.systems.systems:
        systems |= dict.fromkeys((known.id, known.uri, *known.aliases), known.id)
    expansions = {name: list(rows) for name, rows in rules.expansions.items()}
    local: list[str] = []
    seen: set[tuple[str, str, str]] = set()
    for line in lines:
        uri = line.system.removeprefix(_LOCAL) if line.system.startswith(_LOCAL) else ""
        system = f"{_LOCAL}{uri}" if uri else systems.get(line.system)
        problem = _problem(rules, line, system, uri, systems)
        if problem is None and (str(system), line.code, line.valueset) in seen:
            problem = f"{line.code} stands in {line.valueset} twice"
        if problem is not None:
            faults.append(Fault(file, line.number, "", problem))
            continue
        seen.add((str(system), line.code, line.valueset))
        if uri and uri not in local:
            local.append(uri)
        expansions[line.valueset].append(Row(str(system), "exact", line.code, line.label, "", OVERLAY, ""))
    if faults:
        raise RulesInvalid(sorted(faults, key=lambda fault: fault.line))
    return replace(rules, expansions=expansions, overlay=Overlay(digest, len(lines), tuple(local)))


def _lines(text: str, file: str, faults: list[Fault]) -> Iterator[_Line]:
    """Yields the lines that have all their columns; empty lines and those that begin with # do not count."""
    reader = csv.reader(text.splitlines(), strict=True)
    header: list[str] | None = None
    try:
        for cells in reader:
            stripped = [cell.strip() for cell in cells]
            if not any(stripped) or stripped[0].startswith("#"):
                continue
            if header is None:
                header = stripped
                if header not in _HEADERS:
                    faults.append(Fault(file, reader.line_num, "", "the first line is system,code,value set[,label]"))
                    return
            elif not len(_HEADERS[0]) <= len(stripped) <= len(header):
                faults.append(Fault(file, reader.line_num, "", f"the columns are {','.join(header)}"))
            else:
                system, code, valueset, *label = stripped
                yield _Line(reader.line_num, system, code, valueset, label[0] if label else "")
    except csv.Error as fault:
        faults.append(Fault(file, reader.line_num, "", f"not CSV: {fault}"))
    if header is None and not faults:
        faults.append(Fault(file, 1, "", "the first line is system,code,value set[,label]"))


def _problem(rules: Rules, line: _Line, system: str | None, uri: str, known: dict[str, str]) -> str | None:
    if system is None:
        return f"there is no code system {line.system}; one of your own is written local:URI"
    if uri in known:
        return f"{uri} is {known[uri]}, no code system of your own"
    if line.valueset not in rules.valuesets:
        return f"there is no value set {line.valueset}"
    if not line.code:
        return "the code is missing"
    if len(line.label) > _LONGEST_LABEL:
        return f"a label has at most {_LONGEST_LABEL} characters"
    if any(_refuses(row, system, line.code) for row in rules.expansions[line.valueset]):
        return f"the rules leave {line.code} out of {line.valueset} on purpose"
    return None


def _refuses(row: Row, system: str, code: str) -> bool:
    if row.system != system:
        return False
    if row.match == "not-prefix":
        return _bare(code).startswith(_bare(row.code))
    return row.match == "not-exact" and _bare(code) == _bare(row.code)


def _bare(code: str) -> str:
    return code.replace(".", "").upper()
