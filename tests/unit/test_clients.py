"""The clients file: what stops a start, with its line, and what the command shows of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from service.cli import main
from service.clients import ClientsInvalid, read_clients
from service.commands.schema import CLIENTS, rendered_clients
from tests.support.server import ROOT
from tests.support.tokens import Signer

EXAMPLE = ROOT / "docs" / "clients-example.yaml"
KEY, OTHER, RSA = Signer("one", "P-384"), Signer("two", "P-384"), Signer("one", "2048")
Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [KEY.jwk()]}))

    def writing(text: str) -> Path:
        path = tmp_path / "clients.yaml"
        path.write_text(text)
        return path

    return writing


def faults(path: Path, **options: Any) -> list[str]:
    with pytest.raises(ClientsInvalid) as refused:
        read_clients(path, **options)
    return [str(fault).removeprefix(f"{path}:") for fault in refused.value.faults]


ONE = "clients:\n  - id: one\n    issuer: https://one.example\n"
FILE = "    keys_file: keys.json\n"
AGAIN = ONE.removeprefix("clients:\n") + FILE


def test_paths_are_relative_to_the_file(write: Write) -> None:
    (client,) = read_clients(write(ONE + FILE)).clients
    assert client.keys_file is not None
    assert client.keys_file.is_file()
    assert (client.algorithms, client.leeway_s, client.replay) == (("ES384", "RS384"), 60, "refuse")


@pytest.mark.requirement("T-3", "T-4", "T-9", "T-10", "T-12")
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clients: []\n", "1: nobody may call"),
        (ONE, "give either keys_file or keys_url"),
        (ONE + FILE + "    keys_url: https://one.example/k\n", "give either keys_file or keys_url"),
        (ONE + "    keys_url: http://one.example/k\n", "4: clients.0.keys_url: https is needed"),
        (ONE + "    keys_url: file:///etc/passwd\n", "4: clients.0.keys_url: an absolute https address"),
        (ONE + "    keys_url: https://user@one.example/k\n", "without user"),
        (ONE + "    keys_url: 'http://[1'\n", "this is no address"),
        (ONE + FILE + "    fhir_servers: [{url: http://fhir.example}]\n", "https is needed"),
        (ONE + FILE + "    algorithms: [HS256]\n", "5: clients.0.algorithms.0: Input should be"),
        (ONE + FILE + "    algorithms: [none]\n", "5: clients.0.algorithms.0: Input should be"),
        (ONE + FILE + "    algorithms: []\n", "5: clients.0.algorithms: "),
        (ONE + FILE + "    leeway_s: 61\n", "5: clients.0.leeway_s: "),
        (ONE + FILE + "    max_lifetime_s: 86401\n", "5: clients.0.max_lifetime_s: "),
        (ONE + FILE + "    tenants: []\n", "5: clients.0.tenants: "),
        (ONE + FILE + "    services: [nocturnal-leg-cramp]\n", "5: clients.0.services.0: there is no service"),
        (ONE + FILE + "    secret: x\n", "5: clients.0.secret: there is no such word here"),
        (ONE + "    keys_file: none.json\n", "4: clients.0.keys_file: cannot be read: No such file"),
        (ONE.replace("one\n", "anonymous\n", 1) + FILE, "log and metrics use the word"),
        (ONE + FILE + AGAIN, "one stands here twice"),
        (ONE + FILE + AGAIN.replace("id: one", "id: two"), "6: clients.1.issuer: one has this issuer too"),
        (ONE + FILE + ONE, "this key stands here twice"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_line(write: Write, text: str, said: str) -> None:
    (fault, *_) = faults(write(text))
    assert said in fault


@pytest.mark.requirement("T-4", "T-5", "T-11")
@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ([KEY.private_jwk()], "key 0 is private"),
        ([KEY.jwk(), RSA.private_jwk()], "key 1 is private"),
        ([{"kty": "oct", "kid": "one", "k": "c2VjcmV0"}], "key 0 is private"),
        ([KEY.jwk(), OTHER.jwk(kid="one")], "key 1 has a kid that another key has"),
        ([Signer("weak", "1024").jwk()], "key 0 is weak: RSA needs 2048 bits"),
        ([KEY.jwk(x="AAAA")], "key 0 is not a key that can be read"),
        ([KEY.jwk(crv="P-256")], "key 0 is not a key that can be read"),
        ([KEY.jwk(use="enc")], "holds no key with a kid that verifies signatures"),
        ([KEY.jwk(key_ops=["sign"])], "holds no key"),
        ([KEY.jwk(kid="")], "holds no key"),
        ([], "holds no key"),
        ([1], "key 0 is no JSON object"),
        ("text", "is no JWK set"),
    ],
)
def test_a_key_file_is_public_named_and_unambiguous(write: Write, tmp_path: Path, keys: Any, said: str) -> None:
    path = write(ONE + FILE)
    (tmp_path / "keys.json").write_text(json.dumps({"keys": keys}))
    (fault,) = faults(path)
    assert fault.startswith("4: clients.0.keys_file: ")
    assert said in fault
    assert "c2VjcmV0" not in fault


def test_one_kid_may_name_keys_of_two_types(write: Write, tmp_path: Path) -> None:
    path = write(ONE + FILE)
    (tmp_path / "keys.json").write_text(json.dumps({"keys": [KEY.jwk(), RSA.jwk()]}))
    assert read_clients(path).clients


def test_one_issuer_with_tenants_of_their_own_is_two_clients(write: Write) -> None:
    first = ONE + FILE + "    tenants: [a]\n"
    second = first.removeprefix("clients:\n").replace("id: one", "id: two")
    assert "none of them to both" in faults(write(first + second))[0]
    assert len(read_clients(write(first + second.replace("[a]", "[b]"))).clients) == 2


@pytest.mark.requirement("T-1")
def test_anonymous_callers_need_an_address_where_anybody_may_call(write: Write) -> None:
    path = write(ONE + FILE + "anonymous:\n  services: [nocturnal-leg-cramps]\n")
    assert read_clients(path).anonymous is not None
    (fault,) = faults(path, anybody_may_call=False)
    assert fault.startswith("5: anonymous: others can reach this address")


def _serve(monkeypatch: pytest.MonkeyPatch, *words: str, **settings: str) -> int:
    for name, value in settings.items():
        monkeypatch.setenv(f"CRAMPS_{name}", value)
    return main(["serve", *words])


@pytest.mark.requirement("T-1", "T-8")
def test_a_start_is_refused_with_the_reason(
    write: Write, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(ONE + FILE + "anonymous: {}\n")
    everywhere = ("--host", "0.0.0.0")
    assert _serve(monkeypatch, *everywhere, CLIENTS_FILE=str(path)) == 2
    assert "CRAMPS_PUBLIC_BASE_URL" in capsys.readouterr().err
    assert _serve(monkeypatch, *everywhere, PUBLIC_BASE_URL="https://cramps.example") == 2
    assert f"{path}:5: anonymous: others can reach" in capsys.readouterr().err
    path.unlink()
    assert _serve(monkeypatch) == 2
    assert f"{path}:1: cannot be read" in capsys.readouterr().err


# --- the command, the example, the schema ---------------------------------------------------------------------------


def test_the_command_shows_what_each_client_may_do(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(ONE + FILE + "    replay: log\n    audiences: [sand_man]\nanonymous: {}\n")
    assert main(["clients", str(path)]) == 0
    shown = capsys.readouterr().out
    for said in ("https://one.example", "one (EC P-384)", "ES384, RS384", "sand_man", "logged only", "anonymous"):
        assert said in shown


def test_the_command_tells_faults(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(ONE + FILE + "    tenant: x\n")
    assert main(["clients", str(path)]) == 1
    assert capsys.readouterr().err == f"{path}:5: clients.0.tenant: there is no such word here\n"


def test_the_example_is_read_and_names_every_member(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clients", str(EXAMPLE)]) == 0, capsys.readouterr().err
    schema = json.loads(rendered_clients())
    written = EXAMPLE.read_text("utf-8")
    described = (ROOT / "docs" / "clients.md").read_text("utf-8")
    for model in ("Client", "FhirServer", "SiteCode"):
        for member in schema["$defs"][model]["properties"]:
            assert f"{member}:" in written, member
            assert f"`{member}`" in described, member


def test_the_schema_is_current_and_takes_the_example() -> None:
    committed = (ROOT / "docs" / CLIENTS).read_text("utf-8")
    assert committed == rendered_clients(), "run `python -m service schema` and commit docs/"
    schema = json.loads(committed)
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(yaml.safe_load(EXAMPLE.read_text("utf-8")))
