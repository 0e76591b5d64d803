"""`schema`: the JSON Schemas by which an editor checks rules and the clients file while they are written."""

import json
from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import Any

from service.clients import Clients
from service.knowledge import schema, vignettes
from service.knowledge.phrases import Phrases
from service.knowledge.site import Site
from service.settings import read_settings

SCHEMAS: dict[str, type[schema.Model]] = {
    "recommendation": schema.Recommendation,
    "vignettes": vignettes.Vignettes,
    "valueset": schema.ValueSet,
    "definitions": schema.Definitions,
    "orders": schema.Orders,
    "sources": schema.Sources,
    "ruleset": schema.Ruleset,
    "systems": schema.CodeSystems,
    "units": schema.Units,
    "text": Phrases,
    "versions": schema.RuleLocks,
    "cohort": vignettes.Cohort,
    "counts": vignettes.Counts,
    "site": Site,
}
CLIENTS = "clients.schema.json"
_DOCUMENTS = Path(__file__).resolve().parents[2] / "docs"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rules", type=Path, default=read_settings().rules_dir, help="folder of the rule set")
    parser.add_argument("--check", action="store_true", help="write nothing; say whether the files are current")


def run(arguments: Namespace) -> int:
    """Write the schemas; with --check, 1 when one differs."""
    files = {arguments.rules / "schema" / name: written for name, written in rendered().items()}
    files[_DOCUMENTS / CLIENTS] = rendered_clients()
    stale = []
    for path, written in files.items():
        if arguments.check:
            if not path.exists() or path.read_text() != written:
                stale.append(path.name)
        else:
            path.parent.mkdir(exist_ok=True)
            path.write_text(written)
    if stale:
        print(f"Not current: {', '.join(stale)}. Run `python -m service schema`.")
    return int(bool(stale))


def rendered() -> dict[str, str]:
    """Returns the schema files by name, as they must stand in rules/schema/."""
    return {
        f"{name}.schema.json": json.dumps(_document(name, model), indent=1, sort_keys=True) + "\n"
        for name, model in SCHEMAS.items()
    }


def rendered_clients() -> str:
    """Returns the schema of the clients file, as it must stand in docs/."""
    return json.dumps(_document("clients", Clients), indent=1, sort_keys=True) + "\n"


def _document(name: str, model: type[schema.Model]) -> dict[str, Any]:
    document = model.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **document, "title": name}
