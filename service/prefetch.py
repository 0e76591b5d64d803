"""The prefetch templates that the service publishes, derived from what its rules read."""

from __future__ import annotations

from dataclasses import dataclass

from service.engine.case import KINDS
from service.engine.program import Program

LOINC = "http://loinc.org"


@dataclass(frozen=True, slots=True)
class Template:
    """A prefetch key, the FHIR type that it supplies, and its query (portable subset of CDS Hooks 2.0)."""

    key: str
    type: str
    query: str
    required: bool = False


_PATIENT = "patient={{context.patientId}}"
_ALWAYS = {"Patient", "Condition", "MedicationRequest", "MedicationStatement", "ServiceRequest"}


def templates(program: Program) -> tuple[Template, ...]:
    """Returns a template for each FHIR type that some rule of the program reads; Patient and Condition are required."""
    observations = ",".join(f"{LOINC}|{code}" for code in result_codes(program, ("result", "observation")))
    reports = ",".join(f"{LOINC}|{code}" for code in result_codes(program, ("report",)))
    offered = (
        Template("patient", "Patient", "Patient/{{context.patientId}}", required=True),
        Template("conditions", "Condition", f"Condition?{_PATIENT}", required=True),
        Template("medication-requests", "MedicationRequest", f"MedicationRequest?{_PATIENT}"),
        Template("medication-statements", "MedicationStatement", f"MedicationStatement?{_PATIENT}"),
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
    wanted = types_read(program)
    return tuple(template for template in offered if template.type in wanted)


def types_read(program: Program) -> frozenset[str]:
    """Returns the FHIR types that the gate, the triggers and the tests of a program read."""
    kinds = set(program.kinds_read)
    for completion in program.completions.values():
        kinds.add(completion.kind)
    return frozenset(_ALWAYS | {name for kind in kinds for name in KINDS[kind]})


def result_codes(program: Program, kinds: tuple[str, ...]) -> list[str]:
    """Returns the LOINC codes of all value sets of some kinds, in order."""
    return sorted(
        {
            row.code
            for name, rows in program.rules.expansions.items()
            if program.rules.valuesets[name].kind in kinds
            for row in rows
            if row.system == "loinc" and row.match == "exact"
        }
    )
