"""Calcium adjusted for albumin (clinical.md Annex 2, B9.4)."""

from __future__ import annotations

from msgspec.structs import replace

from service.facts.model import Facts, Result

_ADJUSTED, _TOTAL, _ALBUMIN = "calcium-adjusted", "calcium-total", "albumin"
_ALBUMIN_DAYS = 2  # clinical.md Annex 2: albumin within 2 days
_MASS = "mg/dL"

NEEDED_WHOLE = frozenset((_ALBUMIN,))  # value sets of which more than the newest day is needed


def adjust_calcium(facts: Facts, label: str) -> None:
    """Computes adjusted calcium for each total calcium, in mg/dL where it was reported so and in mmol/L otherwise.

    The albumin nearest in time, at most two days away, is taken. Without one the unadjusted value stands in, and says
    so. Where the laboratory itself reports an adjusted value of that day, none is computed.
    """
    reported = {result.day.date for result in facts.results.get(_ADJUSTED, ()) if result.day}
    albumins = [result for result in facts.results.get(_ALBUMIN, ()) if result.day and not result.comparator]
    for total in facts.results.get(_TOTAL, ()):
        if total.day is None or total.day.date in reported:
            continue
        moment = total.day.date
        near = [a for a in albumins if a.day and abs((a.day.date - moment).days) <= _ALBUMIN_DAYS]
        if near:
            albumin = min(near, key=lambda a: (abs((a.day.date - moment).days), a.canonical) if a.day else (0, 0))
            facts.results[_ADJUSTED].append(_adjusted(total, albumin, label))
        else:
            note = "unadjusted: no albumin within two days"
            facts.results[_ADJUSTED].append(replace(total, analyte=_ADJUSTED, note=note, unadjusted=True))


def _adjusted(total: Result, albumin: Result, label: str) -> Result:
    """Total + 0.02 × (40 - albumin in g/L) in mmol/L, or total + 0.8 × (4 - albumin in g/dL) in mg/dL."""
    if total.unit == _MASS:
        value = round(total.value + 0.8 * (4 - albumin.canonical / 10), 2)
        unit, canonical = _MASS, value * (total.canonical / total.value) if total.value else 0.0
    else:
        value = canonical = round(total.canonical + 0.02 * (40 - albumin.canonical), 3)
        unit = "mmol/L"
    return replace(
        total,
        analyte=_ADJUSTED,
        label=label,
        value=value,
        canonical=canonical,
        unit=unit,
        note="computed",
        low=None,
        high=None,
    )
