"""`check`: the gates of a rule change, one after the other, with what a clinician needs to read."""

import time
from argparse import ArgumentParser, Namespace
from collections import Counter
from itertools import chain
from pathlib import Path

from service.engine.program import Program, compile_program
from service.gates import cohort, drafts, mutation, versions, vignettes, wrong
from service.gates.vignettes import Prepared
from service.knowledge import references
from service.knowledge.load import Rules, RulesInvalid, load_rules
from service.settings import read_settings


def add_arguments(parser: ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--rules", type=Path, default=read_settings().rules_dir, help="folder of the rule set")
    parser.add_argument(
        "--only",
        action="append",
        metavar="RULE",
        help="run vignettes and mutations of this rule only, and the vignettes of those it replaces",
    )
    parser.add_argument("--quick", action="store_true", help="leave out the mutations and the ways to be wrong")
    parser.add_argument("--lock", action="store_true", help="lock new and raised versions in versions.yaml, and stop")
    parser.add_argument("--count", action="store_true", help="write the cohort's counts anew, and stop")


def run(arguments: Namespace) -> int:
    """Run the gates; 1 when one fails."""
    started = time.monotonic()
    try:
        rules = load_rules(arguments.rules)
        program = compile_program(rules) if not (faults := references.check_references(rules)) else None
        prepared = vignettes.prepare(program, arguments.rules) if program else []
    except RulesInvalid as invalid:
        print(*invalid.faults, sep="\n")
        return 1
    if program is None:
        print(*faults, sep="\n")
        return 1
    counts = f"{len(rules.recommendations)} rules, {len(rules.valuesets)} value sets, {len(rules.sources)} sources"
    print(f"Read {counts}; every reference is closed.", flush=True)
    if arguments.lock:
        faults = versions.write_locks(rules, arguments.rules)
        print(*faults, sep="\n")
        return int(bool(faults))
    if arguments.count:
        cohort.write_counts(program, arguments.rules)
        return 0
    if unknown := [name for name in arguments.only or () if name not in rules.recommendations]:
        print(*(f"There is no rule {name}; those there are stand in recommendations/." for name in unknown), sep="\n")
        return 1
    if arguments.only:
        spoken_for = (rules.recommendations[name].replaces for name in arguments.only)
        named = {*arguments.only, *chain.from_iterable(spoken_for)}
        prepared = [item for item in prepared if item.subject in named]
    failed = _run_vignettes(program, prepared)
    failed += _missing_kinds(program, prepared, arguments.only)
    failed += _run_drafts(program)
    if not arguments.only:
        failed += _run_versions(rules, arguments.rules) + _run_cohort(program, arguments.rules)
    if not arguments.quick and not failed:
        failed += _run_wrong(arguments.rules)
        failed += _run_mutations(program, prepared, arguments.only)
    print(f"{'FAILED' if failed else 'Passed'} in {time.monotonic() - started:.0f} s.")
    return int(bool(failed))


def _run_vignettes(program: Program, prepared: list[Prepared]) -> int:
    failed = 0
    for item in prepared:
        differences = vignettes.run(program, item)
        if differences:
            failed += 1
            print(f"{item.where()}: {item.subject}: {item.vignette.name}: {'; '.join(differences)}")
    print(f"Vignettes: {len(prepared) - failed} of {len(prepared)} hold.", flush=True)
    return failed


def _missing_kinds(program: Program, prepared: list[Prepared], only: list[str] | None) -> int:
    """Every rule shows itself firing and silent, and satisfied where it has tests."""
    seen: Counter[tuple[str, str]] = Counter((item.subject, item.vignette.expect.outcome) for item in prepared)
    failed = 0
    for rule in program.all:
        if only and rule.id not in only:
            continue
        wanted = ["fires", "silent", *(["satisfied"] if rule.recommendation.tests else [])]
        for outcome in wanted:
            if not seen[rule.id, outcome]:
                failed += 1
                print(f"recommendations/{rule.id}.vignettes.yaml: no vignette of {rule.id} expects {outcome}")
    return failed


def _run_drafts(program: Program) -> int:
    number, faults = drafts.check_drafts(program)
    print(*faults, *([f"Draft orders: {number} are valid FHIR R4."] if not faults else []), sep="\n")
    return len(faults)


def _run_versions(rules: Rules, folder: Path) -> int:
    faults = versions.check_versions(rules, folder)
    print(*faults, *([f"Versions: {len(rules.recommendations)} rules are as locked."] if not faults else []), sep="\n")
    return len(faults)


def _run_cohort(program: Program, folder: Path) -> int:
    patients, differences = cohort.check_cohort(program, folder)
    for difference in differences:
        print(difference)
    print(
        f"Cohort: {patients} ordinary patients, {len(differences)} counts differ from the committed ones.", flush=True
    )
    return len(differences)


def _run_wrong(folder: Path) -> int:
    results = list(wrong.check_wrong(folder))
    amiss = [(name, problem) for name, problem in results if problem]
    for name, problem in amiss:
        print(f"wrong/{name}: {problem}")
    print(f"Ways to be wrong: {len(results) - len(amiss)} of {len(results)} raise exactly their fault.", flush=True)
    return len(amiss)


def _run_mutations(program: Program, prepared: list[Prepared], only: list[str] | None) -> int:
    tried = 0
    alive: list[mutation.Survivor] = []
    for number, left in mutation.survivors(program, prepared, only):
        tried += number
        alive += left
    for survivor in alive:
        print(f"survived: {survivor}")
    print(f"Mutations: {tried - len(alive)} of {tried} noticed.", flush=True)
    return len(alive)
