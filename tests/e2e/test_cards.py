"""Cards as a clinician reads them: each thing said once, in order of urgency, nothing claimed that is not known."""

from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from tests.support.conformance import finding, is_response
from tests.support.records import (
    AS_OF,
    LOINC,
    PATIENT,
    RXNORM,
    SUBJECT,
    Resource,
    bundle,
    condition,
    cramps,
    diabetes,
    diuretic,
    result,
)

Cards = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def cards(client: httpx2.Client) -> Cards:
    """Posts what stands on record beside the patient and leg cramps, and gives the cards."""

    def send(*resources: Resource) -> list[dict[str, Any]]:
        record = bundle(PATIENT, cramps(), *resources)
        body = is_response(client.post("/evaluate", json=record, params={"asOf": AS_OF}))
        found: list[dict[str, Any]] = body["cards"]
        return found

    return send


def medicine(code: str, id_: str) -> Resource:
    concept = {"coding": [{"system": RXNORM, "code": code}]}
    return diuretic(id=id_, medicationCodeableConcept=concept)


def potassium(value: float, day: str = "2026-06-14") -> Resource:
    return result("2823-3", value, "mmol/L", day, f"potassium-{value}")


def magnesium(value: float, day: str = "2026-06-14") -> Resource:
    return result("2601-3", value, "mmol/L", day, f"magnesium-{value}")


DIGOXIN, SENNA, CITALOPRAM = medicine("3407", "digoxin"), medicine("36387", "senna"), medicine("2556", "citalopram")
WEAK, QUININE = condition("M62.81", "weak", onsetDateTime="2026-06-01"), medicine("9071", "quinine")
TWITCH = condition("R25.3", "twitch", onsetDateTime="2026-06-01")


def test_a_line_that_several_findings_have_stands_with_the_first_alone(cards: Cards) -> None:
    asked = "QT-prolonging drug or digoxin without potassium and magnesium"
    medicines = next(c for c in cards(diuretic(), SENNA, DIGOXIN) if "Medicines" in c["source"]["topic"]["code"])
    assert "Diuretic and laxative together" in medicines["detail"]
    assert medicines["detail"].count(asked) == 1


def test_a_title_under_which_nothing_is_left_is_not_written(cards: Cards) -> None:
    (card, *_) = cards(
        diabetes(),
        result("4548-4", 8.9, "%", "2026-06-01"),
        condition("D50.9", "anaemia"),
        condition("I83.90", "veins"),
    )
    lines = card["detail"].splitlines()
    titles = [number for number, line in enumerate(lines) if line.startswith("- ") and not line.startswith("- **")]
    assert titles
    assert all(lines[number + 1].startswith("  - ") for number in titles)


def test_a_fact_is_told_once_a_card(cards: Cards) -> None:
    medicines = cards(diuretic(), SENNA)[0]
    assert medicines["detail"].count("hydrochlorothiazide (since") == 1


@pytest.mark.parametrize(
    "resources", [(potassium(2.3), magnesium(0.4)), (potassium(3.1), DIGOXIN), (WEAK, TWITCH, QUININE, CITALOPRAM)]
)
def test_that_it_is_for_today_is_said_once_a_card(cards: Cards, resources: tuple[Resource, ...]) -> None:
    urgent = [card for card in cards(*resources) if card["indicator"] == "critical"]
    assert urgent
    for card in urgent:
        said_by_line = "today" in card["summary"].lower() or "same-day" in card["summary"].lower()
        assert card["detail"].count("Today.") == (0 if said_by_line else 1)


def test_the_summary_names_the_other_findings_where_they_fit(cards: Cards) -> None:
    two = cards(condition("I83.90", "veins"), condition("M17.9", "knee"))[0]["summary"]
    assert two.endswith("(also: Arthritis)")
    many = cards(*(condition(code, code) for code in ("I83.90", "M17.9", "M54.16", "G20", "K74.60")))[0]["summary"]
    assert many.endswith("(+4 more)")
    assert len(many) < 140


def test_findings_of_one_indicator_stand_in_order_of_their_time_frames(cards: Cards) -> None:
    lines = [
        line
        for line in cards(condition("G62.9", "nerves"), condition("F10.10", "alcohol"))[0]["detail"].splitlines()
        if line.startswith("- **")
    ]
    assert ["2 weeks" in lines[0], "6 weeks" in lines[1]] == [True, True]


def test_an_order_in_the_chart_is_shown_with_its_reasons_and_not_offered(cards: Cards) -> None:
    placed = {
        "resourceType": "ServiceRequest",
        "id": "placed",
        "status": "active",
        "intent": "order",
        "subject": SUBJECT,
        "code": {"coding": [{"system": LOINC, "code": "3016-3"}]},
        "authoredOn": "2026-06-11",
    }
    card = cards(condition("E03.9", "thyroid"), placed)[0]
    assert "| TSH | Thyroid disease | already ordered (2026-06-11), no result yet |" in card["detail"]
    assert "suggestions" not in card


def test_the_last_result_says_what_was_measured_where_the_order_does_not(cards: Cards) -> None:
    shown = cards(condition("D50.9", "anaemia"), result("718-7", 14.1, "g/dL", "2025-06-10", "hb"))[0]["detail"]
    assert "| Full blood count | Blood disorder | Haemoglobin 14.1 g/dL, 2025-06-10 |" in shown
    assert (
        "| HbA1c | Diabetes | 7.1 %, 2025-06-10 |"
        in cards(diabetes(), result("4548-4", 7.1, "%", "2025-06-10"))[0]["detail"]
    )


def test_a_computed_calcium_is_called_adjusted_once(cards: Cards) -> None:
    card = cards(
        result("2000-8", 2.0, "mmol/L", "2026-06-10", "calcium"), result("1751-7", 38, "g/L", "2026-06-10", "albumin")
    )[0]
    assert "Calcium, adjusted for albumin 2.04 mmol/L (computed)" in card["detail"]


@pytest.mark.parametrize(
    ("value", "reported", "mark"),
    [
        (5.1, None, " high"),
        (4.0, None, ""),
        (0.4, None, ""),
        (0.3, None, " low"),
        (5.1, (0.5, 6.0), ""),
        (11.0, (0.5, 12.0), ""),
        (4.5, (0.5, 4.2), " high"),
    ],
)
def test_a_tsh_is_marked_by_the_reported_range_or_by_the_limits_where_there_is_none(
    cards: Cards, value: float, reported: tuple[float, float] | None, mark: str
) -> None:
    ranges = [{"low": {"value": reported[0]}, "high": {"value": reported[1]}}] if reported else []
    tsh = result("3016-3", value, "m[IU]/L", "2026-06-10", "tsh", **({"referenceRange": ranges} if ranges else {}))
    shown = "\n".join(card["detail"] for card in cards(condition("E03.9", "thyroid"), tsh))
    said = f"{value:g} mIU/L{mark}"
    assert f"| Thyrotropin (TSH) | 2026-06-10 | {f'**{said}**' if mark else said} |" in shown


def test_a_value_below_what_the_laboratory_can_measure_is_no_high_value(cards: Cards) -> None:
    tsh = result("3016-3", 5.0, "m[IU]/L", "2026-06-10", "tsh", referenceRange=[{"high": {"value": 4.2}}])
    tsh["valueQuantity"]["comparator"] = "<"
    shown = "\n".join(card["detail"] for card in cards(condition("E03.9", "thyroid"), tsh))
    assert "| Thyrotropin (TSH) | 2026-06-10 | <5 mIU/L |" in shown.replace("\\<", "<").replace("&lt;", "<")


@pytest.mark.parametrize(
    ("value", "said"), [(0.9, "**0.9 low**"), (0.91, "0.91"), (1.4, "1.4"), (1.41, "**1.41 high**")]
)
def test_an_ankle_brachial_index_is_marked_at_its_two_limits(cards: Cards, value: float, said: str) -> None:
    index: Resource = {
        "resourceType": "Observation",
        "id": "abi",
        "status": "final",
        "code": {"text": "Ankle-brachial index"},
        "subject": SUBJECT,
        "effectiveDateTime": "2026-05-01",
        "valueQuantity": {"value": value},
    }
    shown = "\n".join(card["detail"] for card in cards(condition("I73.9", "arteries"), index))
    assert f"| 2026-05-01 | {said} |" in shown


def test_under_18_guillain_barre_stays_with_the_scope_card(client: httpx2.Client) -> None:
    """The critical rules of section B3 run under 18 and nothing else does (B9.24); neuropathy is none of them."""
    child = {**PATIENT, "birthDate": "2012-05-01"}
    record = bundle(child, cramps(), condition("G61.0", "gbs", onsetDateTime="2026-06-01"), potassium(2.3))
    body = is_response(client.post("/evaluate", json=record, params={"asOf": AS_OF}))
    assert finding(body, "lab-potassium-critical")["outcome"] == "fires"
    assert finding(body, "scope-under-18")["outcome"] == "fires"
    assert "Neuropathy" not in str(body["cards"])
