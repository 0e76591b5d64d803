"""For whom a FHIR token may be used, where the clients file names the subject under which this service is known."""

import json

import pytest

from service import wire
from service.clients import ANYBODY, Caller, Client
from service.fetch import token_of
from service.services import SERVICES


def message(subject: object) -> wire.Message:
    granted = {"access_token": "t", "token_type": "Bearer", "expires_in": 300, "scope": "s", "subject": subject}
    call = {
        "hook": "patient-view",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {"userId": "Practitioner/d1", "patientId": "p1"},
        "fhirAuthorization": granted,
    }
    return wire.read(json.dumps(call).encode(), SERVICES["nocturnal-leg-cramps"])


def client(subject: str | None) -> Client:
    return Client(id="ehr", issuer="https://ehr.example", keys_url="https://ehr.example/keys", subject=subject)


@pytest.mark.requirement("F-11")
@pytest.mark.parametrize("sent", ["another", "", None, 5, "LEG-CRAMPS", "leg-cramps "])
def test_a_token_for_another_subject_is_not_used(sent: object) -> None:
    assert token_of(message(sent), client("leg-cramps")) is None


@pytest.mark.requirement("F-11")
@pytest.mark.parametrize("caller", [client("leg-cramps"), client(None), ANYBODY], ids=["named", "any", "anybody"])
def test_a_token_for_this_service_is_used(caller: Caller) -> None:
    assert token_of(message("leg-cramps"), caller) == "t"


@pytest.mark.requirement("F-7")
def test_a_message_does_not_show_its_token() -> None:
    assert "'t'" not in repr(message("leg-cramps").authorization)
