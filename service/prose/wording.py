"""What single terms of a clause say."""

from __future__ import annotations

from service.knowledge.schema import Age, ConditionTerms, Latest, Limits

BOUNDS = {"below": "below", "at_most": "at most", "above": "above", "at_least": "at least"}
SIDES = {"one": " on one side", "both": " on both sides", None: ""}
_NAMES = frozenset(("Achilles", "Guillain-Barré", "Parkinson"))  # words that keep their capital inside a sentence
_UNITS = {"meq/L": "mEq/L", "mL/min/{1.73_m2}": "mL/min/1.73 m²", "10*9/L": "× 10⁹/L", "1": ""}


def inside(text: str) -> str:
    """Returns a text as it stands inside a sentence: without its capital, unless it is a name or an abbreviation."""
    first = text.split(maxsplit=1)[0].rstrip(",")
    return text[0].lower() + text[1:] if first == "A" or (first[1:].islower() and first not in _NAMES) else text


def past(days: int) -> str:
    """Returns a window as it is said."""
    return f" in the past {days} days"


def age(terms: Age) -> str:
    """Returns the bounds of an age."""
    words = [f"under {terms.below}"] if terms.below is not None else []
    words += [f"{terms.at_least} or older"] if terms.at_least is not None else []
    return " and ".join(words)


def on_record(terms: ConditionTerms) -> str:
    """Returns how a condition is on record: sure, current, where listed, and since when."""
    status = {"current": ["current"], "past": ["past"], "any": []}[terms.status]
    verified = [terms.verification] if terms.verification != "any" else []
    said = f" as {' and '.join([*verified, *status])}" if verified or status else ""
    place = {"problem": " in the problem list", "encounter": " from an encounter", "any": ""}[terms.category]
    dated = {"onset": "dated", "recorded": "recorded", "later": "dated or recorded"}[terms.date]
    within = f", {dated}{past(terms.within)}" if terms.within is not None else ""
    older = f", {dated} more than {terms.older_than} days ago" if terms.older_than is not None else ""
    return f"is on record{said}{place}{SIDES[terms.side]}{within}{older}"


def bounds(of: Latest) -> str:
    """Returns the bounds that a number is held against, in all their units."""
    said = []
    for name, word in BOUNDS.items():
        numbers: Limits | None = getattr(of, name)
        if numbers:
            said.append(f"{word} {limits(numbers)}")
    return " and ".join(said)


def limits(numbers: Limits) -> str:
    """Returns the first number, and in brackets the same in other units."""
    first, *others = [amount(value, unit) for unit, value in numbers.items()]
    return f"{first} ({', '.join(others)})" if others else first


def amount(value: float, unit: str) -> str:
    """Returns a number with its unit as readers write it."""
    shown = _UNITS.get(unit, unit)
    if shown == unit:
        shown = unit.replace("[IU]", "IU")
        shown = f"µ{shown[1:]}" if shown.startswith("u") else shown
    return f"{value:g} {shown}".rstrip()
