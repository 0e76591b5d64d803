"""CDS Hooks messages: bytes → request, checked against the contract (CDS Hooks 2.0.1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import msgspec

from service.context import Brought, Context, LooseContext, bring
from service.errors import Code, Refusal
from service.page import page_of, read_page
from service.record import Body, Source, utf8
from service.services import Service
from service.shapes import AnyResource, Bundle, Shape


class _Call(Shape):
    """A hook call that decodes in one go; prefetched resources come out typed."""

    hook: str
    hookInstance: str
    context: Context
    prefetch: dict[str, AnyResource | None] | None = None
    fhirServer: Any = None
    fhirAuthorization: Any = None
    extension: Any = None


class _LooseCall(Shape):
    """The same call when something in it is not of its type: each part is then looked at by itself."""

    hook: Any = None
    hookInstance: Any = None
    context: msgspec.Raw = msgspec.Raw()
    prefetch: msgspec.Raw = msgspec.Raw()
    fhirServer: Any = None
    fhirAuthorization: Any = None
    extension: Any = None


_CALL = msgspec.json.Decoder(_Call)
_LOOSE = msgspec.json.Decoder(_LooseCall)
_CONTEXT = msgspec.json.Decoder(LooseContext)
_PREFETCH = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class Authorization:
    """What the client granted for its FHIR server (R-6); kept no longer than the call, and never logged."""

    access_token: str
    subject: str | None = None
    patient: str | None = None

    def __repr__(self) -> str:
        return "Authorization(…)"


class Message(msgspec.Struct, frozen=True):
    """A hook call.

    prefetch holds a key only where the client sent it: None for null and for a Bundle without entries, "failed" for an
    OperationOutcome. extension is that of the request, empty where it is none.
    """

    service: Service
    patient_id: str
    user: str
    encounter_id: str | None
    prefetch: dict[str, Source | str | None]
    fhir_server: str | None = None
    authorization: Authorization | None = None
    extension: dict[str, Any] = {}
    brought: Brought = msgspec.field(default_factory=Brought)

    @property
    def user_is_lay(self) -> bool:
        """Whether the patient or a relative is looking, for whom clinician's advice is not written."""
        return any(f"/{kind}/" in f"/{self.user}" for kind in ("Patient", "RelatedPerson"))


_NO_ALIASES: Mapping[str, str] = MappingProxyType({})
# An id of FHIR becomes part of addresses; the dots alone would lead out of them.
_REFERENCE = re.compile(r"(?:(?:https?://\S+/)?(?P<kind>[A-Z][A-Za-z]+)/)?(?P<id>(?!\.{1,2}$)[A-Za-z0-9._-]{1,64})")
# A token becomes a header. RFC 6750 allows less; no visible character does harm.
_TOKEN = re.compile(r"[!-~]+")


def read(body: Body, service: Service, aliases: Mapping[str, str] = _NO_ALIASES) -> Message:
    """Reads a hook call for one service.

    aliases: the client's prefetch keys → ours; what came under ours wins.
    Raises Refusal: body-not-json, body-not-object, member-missing, member-ill-typed, hook-mismatch, context-invalid.
    """
    try:
        return _read(body, service, aliases)
    except RecursionError:  # wherever in the message it is that deep
        raise Refusal(Code.BODY_NOT_JSON) from None


def _read(body: Body, service: Service, aliases: Mapping[str, str]) -> Message:
    try:
        body = utf8(body)
        call = _CALL.decode(body)
        loose = _LooseCall(
            hook=call.hook,
            hookInstance=call.hookInstance,
            fhirServer=call.fhirServer,
            fhirAuthorization=call.fhirAuthorization,
            extension=call.extension,
        )
        context: Context | LooseContext | None = call.context
        prefetch = {key: _arrived(value, key) for key, value in (call.prefetch or {}).items()}
    except msgspec.ValidationError:
        loose = _decode_loose(body)
        context = None
        prefetch = _raw_prefetch(loose.prefetch)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refusal(Code.BODY_NOT_JSON) from None
    _check_members(loose, service)
    context = context or _loose_context(loose.context)
    if aliases:
        prefetch = {aliases.get(key, key): value for key, value in prefetch.items()} | {
            key: value for key, value in prefetch.items() if key not in aliases
        }
    return Message(
        service=service,
        patient_id=_id(context.patientId, "Patient"),
        user=_text(context.userId, "userId"),
        encounter_id=_encounter(context.encounterId, required="encounterId" in service.context),
        prefetch=prefetch,
        fhir_server=loose.fhirServer if isinstance(loose.fhirServer, str) and loose.fhirServer.strip() else None,
        authorization=_authorization(loose.fhirAuthorization),
        extension=loose.extension if isinstance(loose.extension, dict) else {},
        brought=bring(context, service),
    )


def _authorization(granted: Any) -> Authorization | None:
    """None unless a Bearer token came that has not expired (Q-DV2: an empty one does not count)."""
    if not isinstance(granted, dict):
        return None
    said = {name: value for name, value in granted.items() if isinstance(value, str) and value.strip()}
    token, kind = said.get("access_token"), said.get("token_type", "")
    if token is None or _TOKEN.fullmatch(token) is None or kind.lower() != "bearer":
        return None
    if _is_over(granted.get("expires_in")) or not isinstance(granted.get("patient"), str | None):
        return None  # a patient that cannot be read is not known to be ours
    return Authorization(token, said.get("subject"), said.get("patient"))


def _is_over(expires_in: Any) -> bool:
    """Whether the seconds that a token is still good for are used up; what says nothing readable does not say so."""
    try:
        return not isinstance(expires_in, bool) and float(expires_in) <= 0
    except (TypeError, ValueError, OverflowError):
        return False


def _decode_loose(body: Body) -> _LooseCall:
    try:
        return _LOOSE.decode(body)
    except msgspec.ValidationError:
        # Of an object only a number can be at fault here: one that no float holds.
        is_object = body.lstrip().startswith(b"{")
        raise Refusal(Code.BODY_NOT_JSON if is_object else Code.BODY_NOT_OBJECT) from None
    except msgspec.DecodeError:
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


def _loose_context(written: msgspec.Raw) -> LooseContext:
    if bytes(written).strip() in (b"", b"null"):
        raise Refusal(Code.MEMBER_MISSING, "context")
    try:
        return _CONTEXT.decode(written)
    except msgspec.ValidationError:
        raise Refusal(Code.MEMBER_ILL_TYPED, "context") from None


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise Refusal(Code.CONTEXT_INVALID, f"context.{name}")
    return value.strip()


def _id(value: Any, kind: str) -> str:
    """The bare id, where a client sends a relative or absolute reference in its place."""
    member = f"{kind.lower()}Id"
    match = _REFERENCE.fullmatch(_text(value, member))
    if match is None or match["kind"] not in (None, kind):
        raise Refusal(Code.CONTEXT_INVALID, f"context.{member}")
    return match["id"]


def _encounter(value: Any, *, required: bool) -> str | None:
    """An encounter that the hook does not need is left out where it is none."""
    if value is None and not required:
        return None
    try:
        return _id(value, "Encounter")
    except Refusal:
        if required:
            raise
        return None


def _arrived(value: AnyResource | None, key: str) -> Source | str | None:
    if value is None or (isinstance(value, Bundle) and not (value.entry or value.link)):
        return None  # the client looked and found nothing
    return page_of(value, f"prefetch.{key}") or "failed"


def _raw_prefetch(raw: msgspec.Raw) -> dict[str, Source | str | None]:
    """The slow way: each key by itself, so that a malformed resource spoils only itself."""
    if bytes(raw).strip() in (b"", b"null"):
        return {}
    try:
        values = _PREFETCH.decode(raw)
    except msgspec.ValidationError:
        raise Refusal(Code.MEMBER_ILL_TYPED, "prefetch") from None
    return {
        key: None if bytes(value).strip() == b"null" else read_page(value, f"prefetch.{key}") or "failed"
        for key, value in values.items()
    }
