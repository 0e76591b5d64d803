"""The command line: a table of commands, each in a module that is imported only when it is called."""

import gc
import os
import sys
from argparse import ArgumentParser
from importlib import import_module
from typing import NamedTuple


class Command(NamedTuple):
    """A line of the table. The module has `add_arguments(parser)` and `run(arguments)`, which gives the exit code."""

    module: str
    help: str


COMMANDS = {
    "serve": Command("service.commands.serve", "answer requests; the documentation is at /docs"),
    "check": Command("service.commands.check", "check the rules: references, vignettes, mutations, ways to be wrong"),
    "clients": Command("service.commands.clients", "check a clients file, and show what each client may do"),
    "explain": Command("service.commands.explain", "say what fires for a Bundle, why, and what is missing"),
    "recognise": Command("service.commands.recognise", "say what conditions, drugs and results are recognised as"),
    "terminology": Command("service.commands.terminology", "build the value set expansions from the verified lists"),
    "schema": Command("service.commands.schema", "write the JSON Schemas for editors, or check that they are current"),
    "openapi": Command("service.commands.openapi", "write openapi/openapi.json, or check that it is current"),
}


def main(words: list[str] | None = None) -> int:
    """Run the command that the words name, and give its exit code; 2 when settings, rules or a file stop it."""
    words = sys.argv[1:] if words is None else words
    listing = "\n".join(f"  {name:<12}{command.help}" for name, command in COMMANDS.items())
    usage = f"python -m service COMMAND [OPTION ...]\n\ncommands:\n{listing}\n"
    if not words or words[0] in {"-h", "--help"}:
        print(f"usage: {usage}")
        return 0 if words else 2
    if words[0] not in COMMANDS:
        print(f"There is no such command.\n\nusage: {usage}", file=sys.stderr)
        return 2
    command = COMMANDS[words[0]]
    parser = ArgumentParser(prog=f"python -m service {words[0]}", description=command.help)
    gc.disable()  # modules stay: to look for garbage among them takes a tenth of their import
    module = import_module(command.module)
    gc.enable()
    from service.knowledge.load import RulesInvalid  # noqa: PLC0415  # loaded by now, whatever the command
    from service.settings import SettingsInvalid  # noqa: PLC0415

    try:
        module.add_arguments(parser)
        code: int = module.run(parser.parse_args(words[1:]))
        sys.stdout.flush()
    except (SettingsInvalid, RulesInvalid) as invalid:
        print(*invalid.faults, sep="\n", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as fault:
        if fault.filename is None:
            raise
        print(f"{fault.filename}: {fault.strerror}", file=sys.stderr)
        return 2
    return code
