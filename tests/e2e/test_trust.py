"""Who may call: tokens, keys and clients, and every way in which a caller may try to be another."""

import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.errors import Code, Refusal, operation_outcome
from tests.support.conformance import is_response
from tests.support.keyserver import KeyServer, serving_keys
from tests.support.records import PATIENT, bundle, cramps, diabetes
from tests.support.server import Server, serving
from tests.support.tokens import LEFT_OUT, Signer, claims, coded, coded_bytes, sealed, sign

BASE = "https://cramps.example/cds"
CHART, DEMAND = "nocturnal-leg-cramps", "nocturnal-leg-cramps-on-demand"
PATH = f"/cds-services/{CHART}"
SANDBOX = "https://sandbox.cds-hooks.org"
BARE = msgspec.json.encode(operation_outcome(Refusal(Code.NOT_AUTHENTICATED)))
CALL = {
    "hook": "patient-view",
    "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
    "context": {"userId": "Practitioner/d1", "patientId": "p1"},
    "prefetch": {
        "patient": PATIENT,
        "conditions": {"resourceType": "Bundle", "type": "searchset"}
        | {"entry": [{"resource": resource} for resource in (cramps(), diabetes())]},
    },
}

# Keys are made once: an RSA key takes a while.
HOSPITAL = Signer("a+b/c=", "P-384")  # as Epic names its keys
RSA = Signer("rsa", "2048")
SMALL_CURVE = Signer("small", "P-256")
ED = Signer("ed", "Ed25519")
SLASHES = Signer("../keys/1?x=%2e", "P-256")
STRANGER = Signer("a+b/c=", "P-384")  # another key that bears the name of the hospital's
FIRST, SECOND, THIRD = (Signer(name, "P-384") for name in ("first", "second", "third"))
SECRET = "Mildred-Unlikely-19370101"

sent: list[str] = []  # every token, and what in it is nobody's business


def issuer(client: str) -> str:
    return f"https://{client}.example"


@pytest.fixture(scope="module")
def keys() -> Iterator[KeyServer]:
    with serving_keys() as running:
        yield running


@pytest.fixture(scope="module")
def clients_file(keys: KeyServer, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Each client is one way to be configured, or one way in which a key set can be amiss."""
    folder = tmp_path_factory.mktemp("clients")
    own = [HOSPITAL.jwk(use="sig", key_ops=["verify"]), RSA.jwk(alg="RS384"), SMALL_CURVE.jwk(), ED.jwk()]
    (folder / "keys.json").write_text(json.dumps({"keys": own}))
    (folder / "rs256.json").write_text(json.dumps([RSA.jwk()]))  # Q-DV3: a bare list
    (folder / "many.json").write_text(json.dumps({"keys": [RSA.jwk(), SMALL_CURVE.jwk(), SLASHES.jwk()]}))
    second = SECOND.jwk()
    by_file: dict[str, dict[str, Any]] = {
        "hospital": {},
        "crd": {"keys_file": "rs256.json", "algorithms": ["RS256"], "max_lifetime_s": "86400", "replay": "log"},
        "meld": {"audiences": ["sand_man"]},
        "exact": {"leeway_s": "0"},
        "north": {"issuer": issuer("shared"), "tenants": ["n1", "n2"], "services": [CHART]},
        "south": {"issuer": issuer("shared"), "tenants": ["s1"], "algorithms": ["EdDSA"]},
        "narrow": {"services": [CHART]},
        "epic": {"jku": "https://epic.example/keys", "profile": "epic"},
        "many": {"keys_file": "many.json", "algorithms": ["ES256", "PS384", "ES384"]},
    }
    by_url = {
        "fetched": keys.publish("/fetched", FIRST.jwk()),
        "listed": keys.answer("/listed", 200, json.dumps([FIRST.jwk()]).encode()),
        "slow": keys.publish("/slow", FIRST.jwk()),
        "down": keys.answer("/down", 503, b""),
        "huge": keys.answer("/huge", 200, json.dumps({"keys": [FIRST.jwk(pad="x" * 300_000)]}).encode()),
        "moved": keys.answer("/moved", 302, b"", Location=f"{keys.url}/fetched"),
        "garbled": keys.answer("/garbled", 200, b"<html>" + SECRET.encode()),
        "encoded": keys.answer("/encoded", 200, b'{"keys": [{"kid": "\xff"}]}'),
        "packed": keys.answer("/packed", 200, b"\x1f\x8b", **{"Content-Encoding": "gzip"}),
        "leaked": keys.publish("/leaked", FIRST.private_jwk(), second),
        "doubled": keys.publish("/doubled", FIRST.jwk(), THIRD.jwk(kid="first"), second),
        "purposes": keys.publish(
            "/purposes", FIRST.jwk(use="enc"), second | {"key_ops": ["sign"]}, THIRD.jwk(alg="ES256"), RSA.jwk()
        ),
        "weak": keys.publish("/weak", Signer("weak", "1024").jwk(), second),
    }
    keys.slow.add("/slow")
    listed = [{"id": name, "issuer": issuer(name), "keys_file": "keys.json"} | more for name, more in by_file.items()]
    listed += [{"id": name, "issuer": issuer(name), "keys_url": url} for name, url in by_url.items()]
    path = folder / "clients.yaml"
    path.write_text(yaml.safe_dump({"clients": listed}))
    return path


@pytest.fixture(scope="module")
def guarded(clients_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The service with a clients file; afterwards its log is searched for anything of a token."""
    log = tmp_path_factory.mktemp("guarded") / "log"
    settings = {"HOST": "0.0.0.0", "PUBLIC_BASE_URL": BASE, "LOG_LEVEL": "debug"}  # where others can reach it
    with serving(log, CLIENTS_FILE=str(clients_file), **settings) as running:
        yield running
        assert "open-" not in running.logged()
        page = httpx2.get(f"{running.url}/metrics", trust_env=False).text
    assert sent
    for text in (running.logged(), page):
        assert SECRET not in text
        for token in sent:
            assert not [part for part in token.split(".") if len(part) > 16 and part in text]
    assert "Traceback" not in running.logged()


@pytest.fixture(scope="module")
def visitor(guarded: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=guarded.url, trust_env=False, timeout=30) as session:
        yield session


def bearer(token: str, scheme: str = "Bearer") -> dict[str, str]:
    sent.append(token)
    return {"Authorization": f"{scheme} {token}"}


def token(client: str = "hospital", signer: Signer = HOSPITAL, *, header: Any = None, **changed: Any) -> str:
    payload = claims(issuer(client), f"{BASE}{PATH}", sub=SECRET, **changed)
    sent.append(str(payload.get("jti")))
    return sign(signer, payload, **(header or {}))


def call(visitor: httpx2.Client, headers: Any, path: str = PATH) -> httpx2.Response:
    return visitor.post(path, json=CALL, headers=headers)


def is_taken(answer: httpx2.Response) -> None:
    assert is_response(answer)["cards"]


def is_bare(answer: httpx2.Response, *, origin: str | None = None) -> None:
    """Assert that the answer is the one 401, byte by byte."""
    assert (answer.status_code, answer.content) == (401, BARE)
    names = {name for name in answer.headers if name not in {"access-control-expose-headers", "vary"}}
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers.get("access-control-allow-origin") == origin
    assert names - {"access-control-allow-origin"} == {
        "cache-control", "content-length", "content-security-policy", "content-type", "date", "referrer-policy",
        "www-authenticate", "x-content-type-options", "x-request-id",
    }  # fmt: skip


def is_not_enabled(answer: httpx2.Response) -> None:
    assert answer.status_code == 403
    assert answer.content == msgspec.json.encode(operation_outcome(Refusal(Code.NOT_ENABLED)))


def last_line(server: Server, answer: httpx2.Response) -> dict[str, Any]:
    """The log line of an answer, which is written a moment after the answer is out."""
    for _ in range(500):
        lines = [json.loads(line) for line in server.logged().splitlines() if line.endswith("}")]
        found = [line for line in lines if line.get("request_id") == answer.headers["x-request-id"]]
        if found:
            return dict(found[0])
        time.sleep(0.02)
    raise AssertionError("the answer has no log line")


def count(visitor: httpx2.Client, client: str, outcome: str) -> float:
    start = f'cramps_authentications_total{{client="{client}",outcome="{outcome}"}} '
    lines = visitor.get("/metrics").text.splitlines()
    return next((float(line.removeprefix(start)) for line in lines if line.startswith(start)), 0.0)


# --- what is open and what is not ------------------------------------------------------------------------------------


@pytest.mark.requirement("T-1", "T-16")
@pytest.mark.parametrize("path", [PATH, f"/cds-services/{DEMAND}", "/evaluate"])
def test_without_a_token_nothing_is_answered(visitor: httpx2.Client, path: str) -> None:
    is_bare(visitor.post(path, content=b"not even read"))


@pytest.mark.requirement("T-2")
@pytest.mark.parametrize("path", ["/cds-services", "/rules", "/rules/diabetes", "/docs", "/openapi.json", "/livez"])
def test_what_holds_no_patient_is_open_and_looks_at_no_token(visitor: httpx2.Client, path: str) -> None:
    for headers in ({}, bearer(token(signer=STRANGER)), {"Authorization": "nonsense"}):
        assert visitor.get(path, headers=headers).status_code == 200


@pytest.mark.requirement("T-2", "T-5", "T-7", "T-8", "T-10", "Q-S1")
def test_a_token_as_the_public_sandbox_signs_it_is_taken(guarded: Server, visitor: httpx2.Client) -> None:
    before = count(visitor, "hospital", "accepted")
    answer = call(visitor, bearer(token()))
    is_taken(answer)
    line = last_line(guarded, answer)
    assert (line["client"], line["authentication"], line["status"]) == ("hospital", "accepted", 200)
    assert "tenant" not in line
    assert count(visitor, "hospital", "accepted") == before + 1


@pytest.mark.requirement("T-8")
def test_a_posted_bundle_needs_a_token_made_for_it(visitor: httpx2.Client) -> None:
    record = bundle(PATIENT, cramps(), diabetes())
    made = bearer(sign(HOSPITAL, claims(issuer("hospital"), f"{BASE}/evaluate")))
    assert visitor.post("/evaluate", json=record, headers=made).json()["cards"]
    is_bare(visitor.post("/evaluate", json=record, headers=bearer(token())))


@pytest.mark.requirement("FB-8", "T-2")
def test_feedback_needs_a_token_for_itself_or_its_service(visitor: httpx2.Client) -> None:
    path = f"{PATH}/feedback"
    body = {"feedback": [{"card": "a", "outcome": "accepted", "outcomeTimestamp": "2026-06-15T00:00:00Z"}]}
    if visitor.post(path, json=body).status_code == 404:
        pytest.skip("there is no feedback route yet")
    is_bare(visitor.post(path, json=body))
    for audience in (f"{BASE}{path}", f"{BASE}{PATH}"):
        made = bearer(sign(HOSPITAL, claims(issuer("hospital"), audience)))
        assert visitor.post(path, json=body, headers=made).status_code == 200
    other = bearer(sign(HOSPITAL, claims(issuer("hospital"), f"{BASE}/cds-services/{DEMAND}")))
    is_bare(visitor.post(path, json=body, headers=other))


@pytest.mark.requirement("T-18")
def test_preflight_is_open_and_a_refusal_carries_cors(visitor: httpx2.Client) -> None:
    asked = {
        "Origin": SANDBOX,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type",
    }
    preflight = visitor.options(PATH, headers=asked)
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == SANDBOX
    assert "access-control-allow-credentials" not in preflight.headers
    is_bare(call(visitor, {"Origin": SANDBOX}), origin=SANDBOX)
    is_bare(call(visitor, {"Origin": "https://elsewhere.example"}))
    forbidden = call(visitor, {"Origin": SANDBOX} | bearer(token("north", tenant="s9", iss=issuer("shared"))))
    is_not_enabled(forbidden)
    assert forbidden.headers["access-control-allow-origin"] == SANDBOX


@pytest.mark.requirement("T-17")
@pytest.mark.parametrize("name", ["X-SSL-Client-Verify", "X-SSL-Client-S-DN", "X-Client-Cert", "X-Forwarded-User"])
def test_what_a_proxy_might_say_of_the_client_proves_nothing(visitor: httpx2.Client, name: str) -> None:
    is_bare(call(visitor, {name: "SUCCESS"}))


@pytest.mark.requirement("T-16")
def test_a_large_record_without_a_token_is_a_bare_401_too(visitor: httpx2.Client) -> None:
    is_bare(visitor.post(PATH, content=b" " * 8_000_000))


# --- what honest clients send ----------------------------------------------------------------------------------------


def _now() -> int:
    return int(time.time())


HONEST: dict[str, Callable[[], str]] = {
    "RS384": lambda: token(signer=RSA),
    "audience as an array": lambda: token(aud=["https://other.example", f"{BASE}{PATH}"]),
    "a tenant that nobody limits": lambda: token(tenant=SECRET),
    "Epic: nbf, sub, 15 minutes, jku": lambda: token(
        "epic", nbf=_now() - 300, exp=_now() + 900, header={"jku": "https://epic.example/keys"}
    ),
    "iat rounded up": lambda: token(iat=_now() + 1),
    "expired within the leeway": lambda: token(iat=_now() - 300, exp=_now() - 20),
    "fractions of seconds": lambda: token(iat=time.time(), exp=time.time() + 60.5),
    "typ in lower case": lambda: token(header={"typ": "jwt"}),
    "an audience of its own": lambda: token("meld", aud="sand_man"),
    "ES256 where allowed": lambda: token("many", SMALL_CURVE),
    "PS384 where allowed": lambda: sign(RSA, claims(issuer("many"), f"{BASE}{PATH}"), "PS384"),
    "EdDSA where allowed": lambda: token("south", ED, iss=issuer("shared"), tenant="s1"),
    "RS256 for 24 hours": lambda: sign(RSA, claims(issuer("crd"), f"{BASE}{PATH}", exp=_now() + 86_400), "RS256"),
    "a kid with a path's characters": lambda: token("many", SLASHES),
}


@pytest.mark.requirement("T-5", "T-6", "T-7", "T-8", "T-11", "T-12", "Q-E11", "Q-S9", "Q-DV3", "Meld")
@pytest.mark.parametrize("name", list(HONEST))
def test_what_real_clients_send_is_taken(visitor: httpx2.Client, name: str) -> None:
    is_taken(call(visitor, bearer(HONEST[name]())))


@pytest.mark.requirement("T-2")
@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "Bearer "])
def test_the_scheme_is_read_in_any_case(visitor: httpx2.Client, scheme: str) -> None:
    is_taken(call(visitor, bearer(token(), scheme)))


@pytest.mark.requirement("T-8")
def test_the_host_header_says_nothing(visitor: httpx2.Client) -> None:
    is_taken(call(visitor, bearer(token()) | {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}))
    for audience in (f"http://evil.example{PATH}", f"https://evil.example{PATH}", f"{visitor.base_url}{PATH}"[:-1]):
        spoofed = bearer(token(aud=audience)) | {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
        is_bare(call(visitor, spoofed | {"X-Forwarded-Proto": "https", "Forwarded": "host=evil.example"}))
    is_bare(call(visitor, bearer(token(aud=f"{str(visitor.base_url).rstrip('/')}{PATH}"))))


# --- what nobody may send --------------------------------------------------------------------------------------------


def _hmac(secret: bytes, algorithm: str = "HS256", **header: Any) -> str:
    text = f"{coded({'alg': algorithm, 'typ': 'JWT', 'kid': RSA.kid} | header)}."
    text += coded(claims(issuer("hospital"), f"{BASE}{PATH}"))
    method = {"HS256": hashlib.sha256, "HS384": hashlib.sha384}[algorithm]
    return f"{text}.{coded_bytes(hmac.digest(secret, text.encode(), method))}"


def _pem() -> bytes:
    pem: bytes = RSA.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem


def _unsigned(algorithm: str) -> str:
    head = {"alg": algorithm, "typ": "JWT", "kid": HOSPITAL.kid}
    return f"{coded(head)}.{coded(claims(issuer('hospital'), f'{BASE}{PATH}'))}."


def _stretched(claim: str) -> str:
    """An honest token to whose claims something was added afterwards."""
    head, _, signature = token().split(".")
    return f"{head}.{coded(claims(issuer('hospital'), f'{BASE}{PATH}') | {claim: 'x'})}.{signature}"


def _relabelled() -> str:
    """A signature by the 256-bit curve under the name of the 384-bit one."""
    head = {"alg": "ES384", "typ": "JWT", "kid": SMALL_CURVE.kid}
    return sealed(head, claims(issuer("many"), f"{BASE}{PATH}"), SMALL_CURVE.private, "ES256")


Attack = Callable[[], str]
ATTACKS: dict[str, tuple[str, Attack]] = {
    # algorithm
    "alg none": ("malformed", lambda: _unsigned("none")),
    "alg none with a signature": ("algorithm", lambda: f"{_unsigned('none')}AAAA"),
    "alg NoNe": ("algorithm", lambda: f"{_unsigned('NoNe')}AAAA"),
    "ES384 without a signature": ("malformed", lambda: _unsigned("ES384")),
    "HS256 with the public key as PEM": ("algorithm", lambda: _hmac(_pem())),
    "HS384 with the public key as JWK": ("algorithm", lambda: _hmac(json.dumps(RSA.jwk()).encode(), "HS384")),
    "RS256 where RS384 alone": (
        "algorithm", lambda: sign(RSA, claims(issuer("hospital"), f"{BASE}{PATH}"), "RS256"),
    ),
    "ES256 where ES384 alone": ("algorithm", lambda: token(signer=SMALL_CURVE)),
    "alg missing": ("algorithm", lambda: sealed(
        {"typ": "JWT", "kid": HOSPITAL.kid}, claims(issuer("hospital"), f"{BASE}{PATH}"), HOSPITAL.private, "ES384"
    )),
    "alg a list": ("algorithm", lambda: token(header={"alg": ["ES384"]})),
    "curve of another algorithm": ("key", _relabelled),
    "key of another type": ("key", lambda: token(header={"kid": RSA.kid})),
    "PS384 by a key for RS384": ("algorithm", lambda: sign(RSA, claims(issuer("hospital"), f"{BASE}{PATH}"), "PS384")),
    # header
    "typ missing": ("header", lambda: token(header={"typ": LEFT_OUT})),
    "typ of an access token": ("header", lambda: token(header={"typ": "at+jwt"})),
    "typ no text": ("header", lambda: token(header={"typ": 1})),
    "kid missing": ("key", lambda: token(header={"kid": LEFT_OUT})),
    "kid unknown": ("key", lambda: token(header={"kid": "nobody"})),
    "kid a path": ("key", lambda: token(header={"kid": "../../../../etc/passwd"})),
    "kid a query": ("key", lambda: token(header={"kid": "x' UNION SELECT 'key"})),
    "kid a number": ("malformed", lambda: token(header={"kid": 0})),
    "kid empty": ("key", lambda: token(header={"kid": ""})),
    "own key in jwk": ("header", lambda: token(signer=STRANGER, header={"jwk": STRANGER.jwk()})),
    "own key in x5c": ("header", lambda: token(signer=STRANGER, header={"x5c": ["MIIB"]})),
    "own key in x5u": ("header", lambda: token(signer=STRANGER, header={"x5u": "https://evil.example"})),
    "crit": ("malformed", lambda: token(header={"crit": ["exp"], "exp": 1})),
    "crit that PyJWT knows": ("malformed", lambda: token(header={"crit": ["b64"], "b64": False})),
    "b64 in crit and true": ("header", lambda: token(header={"crit": ["b64"], "b64": True})),
    "zip": ("header", lambda: token(header={"zip": "DEF"})),
    "jku where none is configured": ("jku", lambda: token(header={"jku": "https://evil.example/keys"})),
    "jku elsewhere": ("jku", lambda: token("fetched", FIRST, header={"jku": "https://evil.example/keys"})),
    "jku almost": ("jku", lambda: token("epic", header={"jku": "https://epic.example/keys/"})),
    "jku null": ("jku", lambda: token("epic", header={"jku": None})) ,
    # claims
    "audience of another service": ("audience", lambda: token(aud=f"{BASE}/cds-services/{DEMAND}")),
    "audience with a slash": ("audience", lambda: token(aud=f"{BASE}{PATH}/")),
    "audience the base alone": ("audience", lambda: token(aud=BASE)),
    "audience an empty list": ("claims", lambda: token(aud=[])),
    "audience an object": ("audience", lambda: token(aud={"url": f"{BASE}{PATH}"})),
    "sand_man for one who may not": ("audience", lambda: token(aud="sand_man")),
    "expired": ("time", lambda: token(iat=_now() - 900, exp=_now() - 70)),
    "expired without leeway": ("time", lambda: token("exact", iat=_now() - 900, exp=_now() - 5)),
    "issued in the future": ("time", lambda: token(iat=_now() + 120, exp=_now() + 300)),
    "not before the future": ("time", lambda: token(nbf=_now() + 120)),
    "too long a life": ("lifetime", lambda: token(exp=_now() + 7_200)),
    "endless": ("lifetime", lambda: token(exp=10**15)),
    "infinite": ("claims", lambda: token(exp=float("inf"))),
    "exp a text": ("claims", lambda: token(exp=str(_now() + 300))),
    "iat true": ("claims", lambda: token(iat=True)),
    "jti empty": ("claims", lambda: token(jti="")),
    "jti a number": ("claims", lambda: token(jti=7)),
    "iss missing": ("issuer", lambda: token(iss=LEFT_OUT)),
    "aud missing": ("claims", lambda: token(aud=LEFT_OUT)),
    "exp missing": ("claims", lambda: token(exp=LEFT_OUT)),
    "iat missing": ("claims", lambda: token(iat=LEFT_OUT)),
    "jti missing": ("claims", lambda: token(jti=LEFT_OUT)),
    "issuer unknown": ("issuer", lambda: token("evil")),
    "issuer a list": ("issuer", lambda: token(iss=[issuer("hospital")])),
    "issuer almost": ("issuer", lambda: token(iss=f"{issuer('hospital')}/")),
    "another client's issuer": ("key", lambda: token("fetched", HOSPITAL)),
    # signature and form
    "signed by a stranger": ("signature", lambda: token(signer=STRANGER)),
    "claims added afterwards": ("signature", lambda: _stretched("tenant")),
    "signature cut": ("signature", lambda: token()[:-8]),
    "cut in the middle": ("malformed", lambda: token().rsplit(".", 1)[0][:-3]),
    "signature of zeros": ("signature", lambda: f"{token().rsplit('.', 1)[0]}.{'A' * 128}"),
    "not base64": ("malformed", lambda: "a.b.c"),
    "no object": ("malformed", lambda: f"{coded([1])}.{coded([2])}.AAAA"),
    "deep": ("malformed", lambda: f"{coded_bytes(b'[' * 3000 + b']' * 3000)}.{coded({})}.AAAA"),
    "four parts": ("malformed", lambda: f"{token()}.AAAA"),
    "huge": ("malformed", lambda: token(pad="x" * 20_000)),
}  # fmt: skip
_UNPROVEN = {"malformed", "issuer"}  # whose they are is not even claimed readably


@pytest.mark.requirement("T-3", "T-4", "T-5", "T-6", "T-7", "T-8", "T-9", "T-11", "T-12", "T-15", "T-16")
@pytest.mark.parametrize("name", list(ATTACKS))
def test_an_attack_is_a_bare_401(guarded: Server, visitor: httpx2.Client, name: str) -> None:
    outcome, make = ATTACKS[name]
    answer = call(visitor, bearer(make()))
    is_bare(answer)
    line = last_line(guarded, answer)
    assert (line["authentication"], line["code"]) == (outcome, "not-authenticated")
    assert (line["client"] == "unknown") == (outcome in _UNPROVEN)
    assert count(visitor, line["client"], outcome) >= 1


@pytest.mark.requirement("T-16")
@pytest.mark.parametrize(
    "value", ["Basic dXNlcjpwYXNz", "Bearer", "Bearer a b", "nonsense", "", "Bearer \u00e9.\u00e9.\u00e9", "DPoP a.b.c"]
)
def test_another_authorization_is_a_bare_401(visitor: httpx2.Client, value: str) -> None:
    is_bare(call(visitor, {b"Authorization": value.encode()}))


@pytest.mark.requirement("T-16")
def test_two_tokens_are_none(visitor: httpx2.Client) -> None:
    pair = [("Authorization", f"Bearer {token()}"), ("Authorization", f"Bearer {token()}")]
    is_bare(call(visitor, pair))
    is_bare(call(visitor, bearer(f"{token()}, Bearer {token()}")))


@pytest.mark.requirement("T-13")
def test_a_token_is_good_for_one_call(guarded: Server, visitor: httpx2.Client) -> None:
    used = bearer(token())
    is_taken(call(visitor, used))
    again = call(visitor, used)
    is_bare(again)
    assert last_line(guarded, again)["authentication"] == "replayed"
    same = token("meld", jti="the-same")  # another issuer's token of that name is another token
    is_taken(call(visitor, bearer(same)))
    is_taken(call(visitor, bearer(token(jti="the-same"))))
    is_bare(call(visitor, bearer(token(jti="the-same", exp=_now() + 200))))


@pytest.mark.requirement("T-13", "Q-DV3")
def test_a_second_use_is_only_logged_where_the_client_is_known_for_it(guarded: Server, visitor: httpx2.Client) -> None:
    used = bearer(sign(RSA, claims(issuer("crd"), f"{BASE}{PATH}", exp=_now() + 86_400), "RS256"))
    is_taken(call(visitor, used))
    again = call(visitor, used)
    is_taken(again)
    assert last_line(guarded, again)["authentication"] == "used-again"


@pytest.mark.requirement("T-13")
def test_a_refused_token_was_not_used(visitor: httpx2.Client) -> None:
    made = bearer(token())
    is_bare(visitor.post(f"/cds-services/{DEMAND}", json=CALL, headers=made))
    is_taken(call(visitor, made))


# --- tenants and services --------------------------------------------------------------------------------------------


@pytest.mark.requirement("T-14", "T-15")
def test_a_tenant_must_be_on_the_list(guarded: Server, visitor: httpx2.Client) -> None:
    north = call(visitor, bearer(token(iss=issuer("shared"), tenant="n2")))
    is_taken(north)
    line = last_line(guarded, north)
    assert (line["client"], line["tenant"]) == ("north", "n2")
    for tenant in (SECRET, LEFT_OUT, ["n1"], ""):
        refused = call(visitor, bearer(token(iss=issuer("shared"), tenant=tenant)))
        is_not_enabled(refused)
        assert last_line(guarded, refused)["authentication"] == "tenant"
        assert "tenant" not in last_line(guarded, refused)
    is_bare(call(visitor, bearer(token(iss=issuer("shared"), tenant="s1"))))  # the other tenant signs otherwise


@pytest.mark.requirement("T-14")
def test_a_client_has_the_services_that_are_listed(guarded: Server, visitor: httpx2.Client) -> None:
    def ask(path: str) -> httpx2.Response:
        made = bearer(sign(HOSPITAL, claims(issuer("narrow"), f"{BASE}{path}")))
        return visitor.post(path, json=CALL, headers=made)

    is_taken(ask(PATH))
    for path in (f"/cds-services/{DEMAND}", "/evaluate"):
        refused = ask(path)
        is_not_enabled(refused)
        line = last_line(guarded, refused)
        assert (line["client"], line["authentication"], line["code"]) == ("narrow", "service", "not-enabled")


# --- key sets --------------------------------------------------------------------------------------------------------


@pytest.mark.requirement("T-9", "T-11")
def test_keys_are_fetched_once_and_a_rotation_is_noticed(keys: KeyServer, visitor: httpx2.Client) -> None:
    def ask(signer: Signer) -> httpx2.Response:
        return call(visitor, bearer(token("fetched", signer, header={"jku": f"{keys.url}/fetched"})))

    is_taken(ask(FIRST))
    is_taken(ask(FIRST))
    before = keys.asked["/fetched"]
    keys.publish("/fetched", FIRST.jwk(), SECOND.jwk())
    is_taken(ask(SECOND))  # an unknown kid makes the service ask once
    assert keys.asked["/fetched"] == before + 1
    for _ in range(5):
        is_bare(ask(THIRD))  # and then not again for a while
    assert keys.asked["/fetched"] == before + 1
    is_taken(ask(FIRST))


@pytest.mark.requirement("Q-DV3", "T-11")
def test_a_bare_list_of_keys_is_read(visitor: httpx2.Client) -> None:
    is_taken(call(visitor, bearer(token("listed", FIRST))))


@pytest.mark.requirement("T-11")
@pytest.mark.parametrize("client", ["slow", "down", "huge", "moved", "garbled", "encoded", "packed"])
def test_a_key_server_that_fails_is_a_bare_401(
    guarded: Server, keys: KeyServer, visitor: httpx2.Client, client: str
) -> None:
    asked = keys.asked["/fetched"]
    answers = [call(visitor, bearer(token(client, FIRST))) for _ in range(3)]
    for answer in answers:
        is_bare(answer)
        assert last_line(guarded, answer)["authentication"] == "keys-unusable"
    assert keys.asked[f"/{client}"] == 1  # it is not asked again at once
    assert keys.asked["/fetched"] == asked  # and a redirect is not followed
    is_taken(call(visitor, bearer(token())))  # other clients do not notice


@pytest.mark.requirement("T-5", "T-11")
@pytest.mark.parametrize(
    ("client", "unusable"),
    [
        ("leaked", FIRST),  # a private key was published: whoever read it could sign
        ("doubled", FIRST),  # two keys of one name
        ("doubled", Signer("first", "P-384")),
        ("purposes", FIRST),  # made for encryption
        ("purposes", SECOND),  # made to sign with
        ("purposes", THIRD),  # made for another algorithm than its curve
        ("weak", Signer("weak", "1024")),
    ],
)
def test_a_key_that_is_not_fit_verifies_nothing(visitor: httpx2.Client, client: str, unusable: Signer) -> None:
    is_bare(call(visitor, bearer(token(client, unusable))))


@pytest.mark.requirement("T-11")
@pytest.mark.parametrize(
    ("client", "fit"), [("leaked", SECOND), ("doubled", SECOND), ("purposes", RSA), ("weak", SECOND)]
)
def test_the_other_keys_of_that_set_do(visitor: httpx2.Client, client: str, fit: Signer) -> None:
    is_taken(call(visitor, bearer(token(client, fit))))


# --- where callers need no token -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def anonymous(clients_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    path = clients_file.parent / "anonymous.yaml"
    hospital = {"id": "hospital", "issuer": issuer("hospital"), "keys_file": "keys.json"}
    path.write_text(yaml.safe_dump({"clients": [hospital], "anonymous": {"services": [CHART]}}))
    with (
        serving(tmp_path_factory.mktemp("anonymous") / "log", CLIENTS_FILE=str(path), PUBLIC_BASE_URL=BASE) as running,
        httpx2.Client(base_url=running.url, trust_env=False, timeout=30) as session,
    ):
        yield session
        assert running.logged().count("open-on-loopback") == 1
        assert SECRET not in running.logged()


@pytest.mark.requirement("T-2")
def test_anonymous_callers_have_their_services(anonymous: httpx2.Client) -> None:
    is_taken(call(anonymous, {}))
    is_not_enabled(call(anonymous, {}, f"/cds-services/{DEMAND}"))
    is_not_enabled(anonymous.post("/evaluate", json=bundle(PATIENT)))
    assert count(anonymous, "anonymous", "anonymous") == 1


@pytest.mark.requirement("T-2")
@pytest.mark.parametrize("name", ["issuer unknown", "not base64", "alg none"])
def test_a_strangers_token_is_ignored_there(anonymous: httpx2.Client, name: str) -> None:
    is_taken(call(anonymous, bearer(ATTACKS[name][1]())))
    assert count(anonymous, "anonymous", "ignored") >= 1


@pytest.mark.requirement("T-2")
def test_a_clients_token_must_hold_there_too(anonymous: httpx2.Client) -> None:
    is_taken(call(anonymous, bearer(token())))
    for name in ("signed by a stranger", "expired", "alg none with a signature", "jku where none is configured"):
        is_bare(call(anonymous, bearer(ATTACKS[name][1]())))


@pytest.mark.requirement("T-2")
def test_without_a_clients_file_no_token_is_looked_at(client: httpx2.Client, server: Server) -> None:
    for headers in ({}, bearer(token(signer=STRANGER)), {"Authorization": "nonsense"}):
        is_taken(call(client, headers))
    assert "open-on-loopback" in server.logged()
    assert "cramps_authentications_total{" not in client.get("/metrics").text
