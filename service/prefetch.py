"""The prefetch templates that the service publishes, derived from what its rules read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from service.engine.case import KINDS
from service.engine.program import Program, clauses_of
from service.engine.reach import walk
from service.services import SERVICES, Service

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"


@dataclass(frozen=True, slots=True)
class Template:
    """A prefetch key, the FHIR type that it supplies, and its query (portable subset of CDS Hooks 2.0)."""

    key: str
    type: str
    query: str
    required: bool = False


_PATIENT = "patient={{context.patientId}}"
# Identity and gate; medicines and orders, which some rule of every release reads.
_ALWAYS = {"Patient", "Condition", "MedicationRequest", "MedicationStatement", "MedicationDispense", "ServiceRequest"}


def templates(program: Program, service: Service | None = None) -> tuple[Template, ...]:
    """Returns a template for each FHIR type that the rules read which may speak in a service; without one, in any.

    Patient and Condition are required. A key has the same query in every service, and never changes.
    Raises ValueError where a rule reads a type that no template supplies.
    """
    observations = ",".join([*codes_of(program, LOINC, kinds=("result", "observation")), *symptom_codes(program)])
    reports = ",".join(codes_of(program, LOINC, kinds=("report",)))
    offered = (
        Template("patient", "Patient", "Patient/{{context.patientId}}", required=True),
        Template("conditions", "Condition", f"Condition?{_PATIENT}", required=True),
        Template("medication-requests", "MedicationRequest", f"MedicationRequest?{_PATIENT}"),
        Template("medication-statements", "MedicationStatement", f"MedicationStatement?{_PATIENT}"),
        Template("medication-dispenses", "MedicationDispense", f"MedicationDispense?{_PATIENT}"),
        Template(
            "medication-administrations",
            "MedicationAdministration",
            f"MedicationAdministration?{_PATIENT}&_sort=-effective-time&_count=100",
        ),
        Template("observations", "Observation", f"Observation?{_PATIENT}&code={observations}&_sort=-date&_count=500"),
        Template("reports", "DiagnosticReport", f"DiagnosticReport?{_PATIENT}&code={reports}"),
        Template("procedures", "Procedure", f"Procedure?{_PATIENT}"),
        Template("encounters", "Encounter", f"Encounter?{_PATIENT}&_sort=-date&_count=20"),
        Template(
            "questionnaires", "QuestionnaireResponse", f"QuestionnaireResponse?{_PATIENT}&_sort=-authored&_count=20"
        ),
        Template("allergies", "AllergyIntolerance", f"AllergyIntolerance?{_PATIENT}"),
        Template("orders", "ServiceRequest", f"ServiceRequest?{_PATIENT}&status=active,draft"),
    )
    return select(offered, types_read(program, service))


def select(offered: Iterable[Template], types: frozenset[str]) -> tuple[Template, ...]:
    """Returns the templates of some types. Raises ValueError where one has none: its data would never be asked for."""
    chosen = tuple(template for template in offered if template.type in types)
    if lacking := types.difference(template.type for template in chosen):
        raise ValueError(f"no prefetch template supplies {', '.join(sorted(lacking))}")
    return chosen


def by_service(program: Program) -> Mapping[str, tuple[Template, ...]]:
    """Returns the templates of each service, by its id."""
    return {service.id: templates(program, service) for service in SERVICES.values()}


def types_read(program: Program, service: Service | None = None) -> frozenset[str]:
    """Returns the FHIR types that the gate and the rules read which may speak in a service; without one, in any."""
    rules = program.at_orders if service is not None and service.orders_only else program.all
    kinds = program.gate_kinds.union({"result"}, *(rule.reads for rule in rules))  # notable results stand on every card
    return frozenset(_ALWAYS | {name for kind in kinds for name in KINDS[kind]})


def codes_of(program: Program, uri: str, *, kinds: tuple[str, ...] = (), names: Iterable[str] = ()) -> list[str]:
    """Returns `uri|code` for the exact codes of one system in the value sets of some kinds or names, in order."""
    system = program.terms.system(uri)
    wanted = {name for name, valueset in program.rules.valuesets.items() if valueset.kind in kinds} | set(names)
    return sorted(
        {
            f"{uri}|{row.code}"
            for name in wanted
            for row in program.rules.expansions.get(name, ())
            if row.system == system and row.match == "exact"
        }
    )


def symptom_codes(program: Program) -> list[str]:
    """Returns the SNOMED CT codes of the conditions that rules look for among observations too."""
    rules = program.rules
    clauses = [
        clause
        for rule in program.all
        for own in clauses_of(rule.recommendation)
        for clause in walk(own, rules.definitions)
    ]
    clauses += walk(rules.definitions[rules.ruleset.gate].when, rules.definitions)
    asked = {name for clause in clauses if clause.observation for name in clause.observation.in_}
    return codes_of(program, SNOMED, names=asked)
