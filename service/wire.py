"""CDS Hooks messages: bytes → request, checked against the contract (CDS Hooks 2.0.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec

from service.errors import Code, Refusal
from service.record import Rejection, Source, Unreadable, from_decoded, kind_of, read_resource
from service.services import Service
from service.shapes import AnyResource, OperationOutcome, Shape

_BOM = b"\xef\xbb\xbf"


class _Call(Shape):
    """A hook call that decodes in one go; prefetched resources come out typed."""

    hook: str
    hookInstance: str
    context: dict[str, Any]
    prefetch: dict[str, AnyResource | None] | None = None


class _LooseCall(Shape):
    """The same call when something in it is not of its type: each part is then looked at by itself."""

    hook: Any = None
    hookInstance: Any = None
    context: Any = None
    prefetch: msgspec.Raw = msgspec.Raw()


_CALL = msgspec.json.Decoder(_Call)
_LOOSE = msgspec.json.Decoder(_LooseCall)
_PREFETCH = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Message:
    """A hook call.

    prefetch holds a key only where the client sent it: None for null, "failed" for an OperationOutcome.
    """

    service: Service
    hook_instance: str
    patient_id: str
    user: str
    encounter_id: str | None
    prefetch: dict[str, Source | str | None]

    @property
    def user_is_lay(self) -> bool:
        """Whether the patient or a relative is looking, for whom clinician's advice is not written."""
        return any(f"/{kind}/" in f"/{self.user}" for kind in ("Patient", "RelatedPerson"))


def read(body: bytes, service: Service) -> Message:
    """Reads a hook call for one service.

    Raises Refusal: body-not-json, body-not-object, member-missing, member-ill-typed, hook-mismatch, context-invalid.
    """
    body = body.removeprefix(_BOM)
    try:
        call = _CALL.decode(body)
        loose = _LooseCall(hook=call.hook, hookInstance=call.hookInstance, context=call.context)
        prefetch = {key: _source(value, key) for key, value in (call.prefetch or {}).items()}
    except msgspec.ValidationError:
        loose = _decode_loose(body)
        prefetch = _raw_prefetch(loose.prefetch)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Refusal(Code.BODY_NOT_JSON) from None
    _check_members(loose, service)
    context: dict[str, Any] = loose.context
    encounter = context.get("encounterId")
    return Message(
        service=service,
        hook_instance=loose.hookInstance,
        patient_id=_text(context, "patientId").removeprefix("Patient/"),
        user=_text(context, "userId"),
        encounter_id=encounter.removeprefix("Encounter/") if isinstance(encounter, str) and encounter.strip() else None,
        prefetch=prefetch,
    )


def _decode_loose(body: bytes) -> _LooseCall:
    try:
        return _LOOSE.decode(body)
    except msgspec.ValidationError:
        raise Refusal(Code.BODY_NOT_OBJECT) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Refusal(Code.BODY_NOT_JSON) from None


def _check_members(call: _LooseCall, service: Service) -> None:
    for name in ("hook", "hookInstance"):
        value = getattr(call, name)
        if value is None:
            raise Refusal(Code.MEMBER_MISSING, name)
        if not isinstance(value, str) or not value.strip():
            raise Refusal(Code.MEMBER_ILL_TYPED, name)
    if call.hook != service.hook:
        raise Refusal(Code.HOOK_MISMATCH, "hook")
    if call.context is None:
        raise Refusal(Code.MEMBER_MISSING, "context")
    if not isinstance(call.context, dict):
        raise Refusal(Code.MEMBER_ILL_TYPED, "context")


def _text(context: dict[str, Any], name: str) -> str:
    value = context.get(name)
    if not isinstance(value, str) or not value.strip():
        raise Refusal(Code.CONTEXT_INVALID, f"context.{name}")
    return value.strip()


def _source(value: AnyResource | None, key: str) -> Source | str | None:
    if value is None:
        return None
    if isinstance(value, OperationOutcome):
        return "failed"
    return from_decoded(value, f"prefetch.{key}")


def _raw_prefetch(raw: msgspec.Raw) -> dict[str, Source | str | None]:
    """The slow way: each key by itself, so that a malformed resource spoils only itself."""
    if bytes(raw).strip() in (b"", b"null"):
        return {}
    try:
        values = _PREFETCH.decode(raw)
    except msgspec.ValidationError:
        raise Refusal(Code.MEMBER_ILL_TYPED, "prefetch") from None
    prefetch: dict[str, Source | str | None] = {}
    for key, value in values.items():
        if bytes(value).strip() == b"null":
            prefetch[key] = None
        else:
            prefetch[key] = "failed" if kind_of(value) == "OperationOutcome" else _raw_source(value, key)
    return prefetch


def _raw_source(value: msgspec.Raw, key: str) -> Source:
    try:
        return read_resource(value, f"prefetch.{key}")
    except Unreadable:
        return Source(rejected=[Rejection(f"prefetch.{key}", "Bundle.entry cannot be read: not used")], complete=False)
