"""FHIR dates as calendar days: every precision, the configured zone, and nothing that is no date."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.engine.case import Case
from service.facts import Facts
from service.facts.dates import Day, reader

BERLIN = ZoneInfo("Europe/Berlin")
FIRST, LAST = datetime.fromisoformat("1900-01-02"), datetime.fromisoformat("2100-01-01")


@given(st.dates())
def test_a_full_date_is_that_day_in_every_zone(day: date) -> None:
    assert reader(UTC)(day.isoformat()) == reader(BERLIN)(day.isoformat()) == Day(day)


@given(st.dates())
def test_a_partial_date_counts_from_its_first_day_and_is_approximate(day: date) -> None:
    assert reader(UTC)(f"{day.year:04}-{day.month:02}") == Day(day.replace(day=1), approximate=True)
    assert reader(UTC)(f"{day.year:04}") == Day(date(day.year, 1, 1), approximate=True)


@given(
    st.datetimes(FIRST, LAST),
    st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes))),
)
def test_an_instant_falls_on_the_day_of_the_zone(moment: datetime, offset: timezone) -> None:
    at = moment.replace(tzinfo=offset)
    assert reader(BERLIN)(at.isoformat()) == Day(at.astimezone(BERLIN).date())


@pytest.mark.parametrize(
    ("written", "in_utc", "in_berlin"),
    [
        ("2026-06-14T23:30:00Z", date(2026, 6, 14), date(2026, 6, 15)),
        ("2026-01-01T00:30:00+01:00", date(2025, 12, 31), date(2026, 1, 1)),
        ("2026-06-14T23:30:00.123456789Z", date(2026, 6, 14), date(2026, 6, 15)),
        ("2026-06-14T23:30:00", date(2026, 6, 14), date(2026, 6, 14)),  # no offset: as it stands
        ("2026-06-14T23:30", date(2026, 6, 14), date(2026, 6, 14)),
    ],
)
def test_midnight_is_where_the_zone_says(written: str, in_utc: date, in_berlin: date) -> None:
    assert reader(UTC)(written) == Day(in_utc)
    assert reader(BERLIN)(written) == Day(in_berlin)


@pytest.mark.parametrize(
    "written",
    ["", "today", "2026-13-01", "2026-02-30", "26-01-01", "2026/01/01", "20260101", "2026-1-1", " 2026-01-01",
     "2026-01-01 ", "2026-01-01T25:00:00Z", "2026-01-01T10:00:00+99:00", "0000-01-01", "2026-01-01T", "12/31/2026"],
)  # fmt: skip
def test_what_is_no_fhir_date_is_no_day(written: str) -> None:
    assert reader(UTC)(written) is None


@given(
    st.text(max_size=30)
    | st.from_regex(r"[0-9]{4}(-[0-9]{2}){0,2}(T[0-9:.]{0,12}(Z|[+-][0-9:]{0,5})?)?", fullmatch=True)
)
def test_any_text_is_a_day_or_none(written: str) -> None:
    day = reader(BERLIN)(written)
    assert day is None or isinstance(day.date, date)


@given(st.integers(0, 4000), st.integers(0, 4000))
def test_a_window_includes_both_its_ends(days_back: int, window: int) -> None:
    today = date(2026, 6, 15)
    case = Case(Facts(), today, None)  # type: ignore[arg-type]  # windows ask nothing but the day
    assert case.within(Day(today - timedelta(days=days_back)), window) == (days_back <= window)


def test_a_day_to_come_is_in_no_window_but_a_clock_one_zone_ahead_is() -> None:
    today = date(2026, 6, 15)
    case = Case(Facts(), today, None)  # type: ignore[arg-type]
    assert not case.within(Day(today + timedelta(days=2)), 90)
    assert case.within(Day(today + timedelta(days=1)), 0)
