"""`terminology`: build the value set expansions from a folder of verified code lists."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from service.settings import read_settings
from service.terminology.build import main


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--source", type=Path, required=True, help="folder that holds the verified lists")
    parser.add_argument("--rules", type=Path, default=read_settings().rules_dir, help="folder of the rule set")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")


def run(arguments: Namespace) -> int:
    """Build; 1 when a value set is at fault or, with --check, when a file would change."""
    check = ["--check"] if arguments.check else []
    return main(["--source", str(arguments.source), "--rules", str(arguments.rules), *check])
