"""`recognise`: what every condition, drug and result in records is recognised as, by code or name, and what is not."""

import gzip
import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from service import shapes
from service.engine import load_program
from service.facts import concepts
from service.facts.products import concepts_of
from service.record import Source, Unreadable, read_bundle, read_resource
from service.settings import read_settings
from service.terms import Coded, Recogniser

_KINDS: dict[type[shapes.Resource], str] = {
    shapes.Condition: "condition",
    shapes.Observation: "observation",
    shapes.DiagnosticReport: "report",
    shapes.Procedure: "procedure",
}
_COLUMNS = ("how", "kind", "value sets", "system", "code", "display or text", "times")
Seen = tuple[str, str, str, str, str, str]


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE", help="Bundles, NDJSON, or hook calls; .gz as well"
    )
    parser.add_argument("--missed", action="store_true", help="show only what was not recognised")
    parser.add_argument("--totals", action="store_true", help="show only the totals")


def run(arguments: Namespace) -> int:
    """Print the table and its totals; 1 when no file could be read."""
    settings = read_settings()
    terms = load_program(settings.rules_dir, settings.overlay_file).terms
    recogniser = Recogniser(terms)
    seen: Counter[Seen] = Counter()
    read = 0
    for number, path in enumerate(arguments.files, 1):
        if sys.stderr.isatty():
            print(f"\r{number}/{len(arguments.files)}", end="", file=sys.stderr, flush=True)
        try:
            for kind, codings, texts in _things(path):
                seen[_line(recogniser, kind, codings, texts)] += 1
            read += 1
        except (OSError, Unreadable, msgspec.DecodeError) as error:
            print(f"{path}: not read: {type(error).__name__}", file=sys.stderr)
    if not arguments.totals:
        print("\t".join(_COLUMNS))
        for line, times in sorted(seen.items()):
            if not arguments.missed or line[0] == "-":
                print("\t".join((*line, str(times))))
    _print_totals(seen)
    return 0 if read else 1


def _print_totals(seen: Counter[Seen]) -> None:
    totals: Counter[tuple[str, str]] = Counter()
    for (how, kind, *_), times in seen.items():
        totals[kind, how] += times
    print("\nkind\tby code\tby name\tcontradiction\tnot recognised")
    for kind in sorted({kind for kind, _ in totals}):
        print("\t".join([kind, *(str(totals[kind, how]) for how in ("code", "name", "contradiction", "-"))]))


def _line(recogniser: Recogniser, kind: str, codings: tuple[Coded, ...], texts: tuple[str, ...]) -> Seen:
    found = recogniser.recognise(kind, codings, texts)
    how = "-" if not found.valuesets else "contradiction" if found.contradiction else found.by
    first = codings[0] if codings else Coded(None, None, None)
    said = next((text for text in (*(c.display for c in codings), *texts) if text), "")
    return how, kind, " ".join(sorted(found.valuesets)), first.system or "", first.code or "", " ".join(said.split())


def _things(path: Path) -> Iterator[tuple[str, tuple[Coded, ...], tuple[str, ...]]]:
    for source in _sources(path):
        medications = {
            item.reference: item.resource for item in source.found if isinstance(item.resource, shapes.Medication)
        }
        for item in source.found:
            resource = item.resource
            kind = _KINDS.get(type(resource))
            if kind is not None:
                concept = getattr(resource, "code", None)
                yield kind, concepts.codings(concept), concepts.texts(concept)
                for component in getattr(resource, "component", None) or ():
                    yield kind, concepts.codings(component.code), concepts.texts(component.code)
            elif isinstance(resource, shapes.Prescription):
                codings, texts = concepts_of(resource, medications)
                yield "medication", codings, texts


def _sources(path: Path) -> Iterator[Source]:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    if ".ndjson" in path.suffixes or path.name.endswith((".ndjson", ".ndjson.gz")):
        for line in content.splitlines():
            if line.strip():
                yield read_resource(line, "line")
        return
    tree = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    if "prefetch" in tree and "resourceType" not in tree:
        for value in msgspec.json.decode(tree["prefetch"], type=dict[str, msgspec.Raw]).values():
            if bytes(value).strip() != b"null":
                yield read_resource(value, "prefetch")
    else:
        yield (
            read_bundle(content)
            if bytes(tree.get("resourceType", b"")) == b'"Bundle"'
            else read_resource(content, "file")
        )
