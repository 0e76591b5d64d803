"""Units of results: spellings, and the factors by which a value set converts them."""

from __future__ import annotations

from dataclasses import dataclass

from service.knowledge.load import Rules
from service.knowledge.schema import UnitFactor


@dataclass(frozen=True, slots=True)
class Units:
    """`spellings`: any accepted spelling → UCUM unit; `factors`: value set → UCUM unit → factor."""

    spellings: dict[str, str]
    factors: dict[str, dict[str, UnitFactor]]
    canonical: dict[str, str]
    shown: dict[str, UnitFactor]  # value set → the unit in which cards show its results, where the site chose one

    def name(self, spelled: str) -> str | None:
        """Returns the UCUM unit that a spelling stands for, None for one that is not known."""
        spelled = spelled.strip()
        return self.spellings.get(spelled) or self.spellings.get(spelled.casefold())

    def factor(self, valueset: str, spelled: list[str]) -> UnitFactor | None:
        """Returns how a value set converts the first of the spellings that it accepts, None where it accepts none."""
        accepted = self.factors.get(valueset, {})
        for spelling in spelled:
            name = self.name(spelling)
            if name in accepted:
                return accepted[name]
        return None


def compile_units(rules: Rules) -> Units:
    """Compiles the spellings and factors; a spelling of which only the case differs is accepted too."""
    spellings: dict[str, str] = {}
    for unit in rules.units.units:
        for spelling in (unit.unit, *unit.also):
            spellings[spelling] = unit.unit
    for spelling, name in list(spellings.items()):
        spellings.setdefault(spelling.casefold(), name)
    factors = {
        name: {factor.unit: factor for factor in valueset.units}
        for name, valueset in rules.valuesets.items()
        if valueset.units
    }
    canonical = {name: valueset.unit for name, valueset in rules.valuesets.items() if valueset.unit}
    wanted = rules.decided.site.units if rules.decided else None
    chosen = {"us": rules.units.us, "si": canonical}.get(wanted or "", {})
    return Units(
        spellings=spellings,
        factors=factors,
        canonical=canonical,
        shown={name: factors[name][unit] for name, unit in chosen.items() if unit in factors.get(name, {})},
    )
