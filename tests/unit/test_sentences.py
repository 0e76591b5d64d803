"""Sentences as they stand in charts: what they name, on which side, how surely, and what they deny."""

import gzip
from pathlib import Path

import pytest

from service.engine import load_program
from service.terms import Coded, Recogniser, Recognition, Terms, one_of

ROOT = Path(__file__).parents[2]
GLOBAL_PATIENT_SET = ROOT.parent / "shared" / "terminology" / "snomed_gps_all.csv.gz"
SNOMED = "http://snomed.info/sct"


@pytest.fixture(scope="module")
def terms() -> Terms:
    return load_program(ROOT / "rules").terms


def told(terms: Terms, text: str, code: str | None = None, system: str = SNOMED) -> Recognition:
    codings = (Coded(system, code, None),) if code else ()
    return Recogniser(terms).recognise("condition", codings, (text,) if text else ())


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("Unilateral leg swelling", "one"),
        ("asymmetric leg swelling", "one"),
        ("Unilateral leg swelling, left", "left"),
        ("Beinschwellung li.", "left"),
        ("Beinschwellung re.", "right"),
        ("RLE edema", "right"),
        ("edema of the left lower limb", "left"),
        ("geschwollene linke Wade", "left"),
        ("Bein links geschwollen", "left"),
        ("Left lower extremity: edema", "left"),
        ("left leg and ankle edema", "left"),
        ("bilateral leg swelling, left more than right", "both"),
        ("Leg oedema in right heart failure", None),
        ("Re: leg swelling", None),
        ("leg swelling", None),
    ],
)
def test_swelling_and_its_side(terms: Terms, text: str, side: str | None) -> None:
    found = told(terms, text)
    assert "leg-swelling" in found.valuesets
    assert found.side == side


@pytest.mark.parametrize(
    "text",
    [
        "Left hand edema",
        "swelling of left arm",
        "swelling of limb, left arm",
        "Schwellung linker Arm",
        "left knee edema",
    ],
)
def test_swelling_elsewhere(terms: Terms, text: str) -> None:
    assert "leg-swelling" not in told(terms, text).valuesets
    assert "leg-swelling" not in told(terms, text, "80068009").valuesets


def test_a_leg_beside_another_site_stays_a_leg(terms: Terms) -> None:
    assert "leg-swelling" in told(terms, "Left leg and hand edema", "80068009").valuesets


@pytest.mark.parametrize(
    ("text", "names", "surely"),
    [
        ("DVT left leg", True, True),
        ("TVT links", True, True),
        ("?DVT", True, False),
        ("DVT?", True, False),
        ("V.a. TVT", True, False),
        ("Zum Ausschluss TVT", True, False),
        ("DVT not excluded", True, False),
        ("DVT cannot be ruled out", True, False),
        ("TVT nicht auszuschließen", True, False),
        ("Ausschluss TVT", False, True),
        ("DVT ruled out", False, True),
        ("DVT, ruled out by duplex", False, True),
        ("DVT (excluded)", False, True),
        ("No suspicion of DVT", False, True),
        ("DVT of left arm", False, True),
        ("TVT sling", False, True),
    ],
)
def test_thrombosis_and_its_doubt(terms: Terms, text: str, names: bool, surely: bool) -> None:
    found = told(terms, text)
    assert ("leg-dvt" in found.valuesets) is names
    assert found.suspected is not surely or not names


@pytest.mark.parametrize(
    ("text", "valueset", "stands"),
    [
        ("Denies fever, chills, diabetes", "diabetes", False),
        ("No DVT. Left leg swelling", "leg-swelling", True),
        ("DVT ruled out, left leg swollen", "leg-swelling", True),
        ("DVT ruled out last year, left leg swollen", "leg-swelling", True),
        ("Left calf swelling, no warmth", "leg-swelling", True),
        ("Left leg swelling, history of DVT", "leg-swelling", True),
        ("H/o DVT, now swollen left leg", "leg-swelling", True),
        ("No left leg swelling", "leg-swelling", False),
        ("Diabetes, resolved", "diabetes", False),
        ("Diabetes mellitus. Resolved after surgery.", "diabetes", False),
        ("Diabetes mellitus, hypertension denied", "diabetes", True),
        ("Diabetes: denied by patient", "diabetes", False),
        ("Diabetes mellitus Typ 2, kein Insulin", "diabetes", True),
        ("Ausschluss Diabetes mellitus", "diabetes", False),
        ("Diabetes mellitus (mother)", "diabetes", False),
        ("Diabetes mellitus, mother had stroke", "diabetes", True),
        ("Family history: stroke, diabetes mellitus", "diabetes", False),
        ("Mother has a goitre. Diabetes mellitus", "diabetes", True),
        ("Diab?tes mellitus", "diabetes", False),
        ("Keine chron. Niereninsuffizienz", "kidney-disease", False),
        ("Chron. Niereninsuffizienz Stadium 4", "kidney-disease-advanced", True),
        ("CKD G4A3", "kidney-disease-advanced", True),
        ("CKD stage 5, not on dialysis", "kidney-disease-advanced", True),
        ("CKD stage 5 on dialysis", "kidney-disease-advanced", False),
        ("CKD, IV iron", "kidney-disease-advanced", False),
    ],
)
def test_what_a_denial_reaches(terms: Terms, text: str, valueset: str, stands: bool) -> None:
    assert (valueset in told(terms, text).valuesets) is stands


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("Leg cramps at night, denies chest pain", True),
        ("Leg cramps at night denies chest pain", True),
        ("Nächtliche Wadenkrämpfe. Pat. verneint Dyspnoe.", True),
        ("Wadenkrämpfe nachts, keine Schmerzen in der Brust", True),
        ("No chest pain but leg cramps at night", True),
        ("Leg cramps at night, abdominal cramps by day", True),
        ("Leg cramps at night, denied", False),
        ("Leg cramps at night. Resolved.", False),
        ("Leg and hand cramps at night", False),
        ("If leg cramps occur at night, stretch", False),
    ],
)
def test_what_the_story_of_cramps_reaches(terms: Terms, text: str, tells: bool) -> None:
    assert told(terms, text).tells_leg_cramps is tells


@pytest.mark.parametrize(
    "uri",
    [
        "http://snomed.info/sct",
        "http://snomed.info/sct/",
        "https://snomed.info/sct",
        "http://snomed.info/sct|http://snomed.info/sct/731000124108",
        "http://snomed.info/sct/900000000000207008",
        "http://snomed.info/sct/900000000000207008/version/20240201",
        "https://snomed.info/sct/11000274103",
    ],
)
def test_snomed_by_its_addresses(terms: Terms, uri: str) -> None:
    assert terms.system(uri) == "snomed"


@pytest.mark.parametrize(
    "uri", ["http://snomed.info/sctx", "http://snomed.info/sct/edition", "http://snomed.info/scg/1"]
)
def test_other_addresses_are_not_snomed(terms: Terms, uri: str) -> None:
    assert terms.system(uri) is None


@pytest.mark.parametrize(
    ("code", "side"),
    [
        ("7771000", "left"),
        ("24028007", "right"),
        ("51440002", "both"),
        ("66459002", "one"),
        ("113270003", "left"),
        ("30021000:272741003=7771000", "left"),
        ("30021000", None),
    ],
)
def test_the_side_of_a_code(terms: Terms, code: str, side: str | None) -> None:
    assert terms.side_of_code(Coded(SNOMED, code, None)) == side
    assert terms.side_of_code(Coded("http://example.org", code, None)) is None


def test_sides_together() -> None:
    assert one_of([]) is None
    assert one_of([None, "left", "left"]) == "left"
    assert one_of(["one", "right"]) == "right"
    assert one_of(["left", "right"]) == "both"


@pytest.mark.skipif(not GLOBAL_PATIENT_SET.exists(), reason="the verified lists are not beside this checkout")
def test_every_code_of_a_side_is_in_the_global_patient_set(terms: Terms) -> None:
    shipped = {
        line.partition(b",")[0].decode() for line in gzip.decompress(GLOBAL_PATIENT_SET.read_bytes()).splitlines()
    }
    assert {code for system, code in terms.side_codes if system == "snomed"} <= shipped
