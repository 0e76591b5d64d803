"""CDS Hooks feedback: bytes → entries, liberal in what is taken (cds-hooks.md 1.8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

import msgspec

from service.errors import Code, Refusal
from service.record import Body, utf8

Outcome = Literal["accepted", "overridden"]
_OUTCOMES: dict[str, Outcome] = {"accepted": "accepted", "overridden": "overridden"}
_BODY = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ENTRIES = msgspec.json.Decoder(list[msgspec.Raw])
_ENTRY = msgspec.json.Decoder(dict[str, Any])


@dataclass(frozen=True, slots=True)
class Entry:
    """What became of one card. The comment is not kept: it is free clinical text.

    card: its id, or what came in the place of one. at: the time as it was written, empty without one.
    reasons: system (empty without one) and code, of which any may be foreign.
    """

    card: UUID | str
    outcome: Outcome
    at: str
    reasons: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Feedback:
    """The entries of one call, and how many others could not be read."""

    entries: list[Entry] = field(default_factory=list)
    rejected: int = 0


def read(body: Body) -> Feedback:
    """Returns the entries that name a card and an outcome; any other is rejected and spoils only itself.

    Raises Refusal: body-not-json, body-not-object, member-missing, member-ill-typed.
    """
    try:
        members = _BODY.decode(utf8(body))
    except msgspec.ValidationError:
        raise Refusal(Code.BODY_NOT_OBJECT) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Refusal(Code.BODY_NOT_JSON) from None
    if "feedback" not in members:
        raise Refusal(Code.MEMBER_MISSING, "feedback")
    try:
        listed = _ENTRIES.decode(members["feedback"])
    except msgspec.ValidationError:
        raise Refusal(Code.MEMBER_ILL_TYPED, "feedback") from None
    entries = [entry for raw in listed if (entry := _entry(raw)) is not None]
    return Feedback(entries, len(listed) - len(entries))


def reason_label(entry: Entry, known: Iterable[tuple[str, str]]) -> str:
    """Returns the code of the first reason that is one of ours, `other` for foreign ones alone, `none` for none.

    known: system and code of our override reasons. A reason without system is known by its code (FB-9).
    """
    ours = set(known)
    codes = {code for _, code in ours}
    for system, code in entry.reasons:
        if (system, code) in ours or (not system and code in codes):
            return code
    return "other" if entry.reasons else "none"


def _entry(raw: msgspec.Raw) -> Entry | None:
    try:
        members = _ENTRY.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    card, outcome, at = (_text(members.get(name)) for name in ("card", "outcome", "outcomeTimestamp"))
    known = _OUTCOMES.get(outcome.lower())
    if not card or known is None:
        return None
    reasons = tuple(_reasons(members)) if known == "overridden" else ()
    return Entry(_card(card), known, at, reasons)


def _reasons(members: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Epic writes `overrideReasons`, and an extension where the reason is one of its own (Q-E12)."""
    for name in ("overrideReason", "overrideReasons"):
        for given in _each(members.get(name)):
            if not isinstance(given, dict):
                continue
            codings = _each(given.get("reason", given if "code" in given else None))
            yield from (
                (_text(coding.get("system")), _text(coding.get("code")))
                for coding in codings
                if isinstance(coding, dict)
            )
            if "reason" not in given and "extension" in given:
                yield "", ""


def _each(value: Any) -> list[Any]:
    """What should be a list may be the one member of it."""
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _card(written: str) -> UUID | str:
    """The uuid, however it is spelled; what is none stays as it is."""
    try:
        return UUID(written)
    except ValueError:
        return written
