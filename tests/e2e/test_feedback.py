"""Feedback: what became of cards, counted by service, rule and reason, and nothing kept of the comment."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx2
import pytest

from service.examples import FOLDER
from service.memory import Memory
from tests.support.conformance import hl7, is_feedback_reply, is_response
from tests.support.server import Server, serving

CHART = "nocturnal-leg-cramps"
TOLD = f"/cds-services/{CHART}/feedback"
AT = "2026-06-15T09:30:00Z"
SECRET = "Mildred-Unlikely-19370101"
THO = "http://terminology.hl7.org/CodeSystem/non-adherence-reason-codes"
DONE = {"system": THO, "code": "action-completed", "display": "Already done elsewhere"}
PLAIN = {"system": THO, "code": "patient-refuses"}
Entry = dict[str, Any]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server that nobody else tells anything."""
    with serving(tmp_path_factory.mktemp("feedback") / "log") as running:
        yield running
    assert SECRET not in running.logged()


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[httpx2.Client]:
    with httpx2.Client(base_url=server.url, trust_env=False, timeout=30) as session:
        yield session


class Gained:
    """What the counters of feedback gained in a test."""

    def __init__(self, client: httpx2.Client) -> None:
        self.client = client
        self.before = {name: self._read(name) for name in ("feedback", "rule_feedback")}

    def __call__(self, name: str = "feedback") -> dict[tuple[str, ...], int]:
        """By labels, in their alphabetical order: outcome, reason, and rule or service."""
        return dict(self._read(name) - self.before[name])

    def _read(self, name: str) -> Counter[tuple[str, ...]]:
        lines = re.findall(rf"^cramps_{name}_total{{(.*)}} (.*)$", self.client.get("/metrics").text, re.MULTILINE)
        return Counter({tuple(re.findall(r'"(.*?)"', labels)): int(float(value)) for labels, value in lines})


@pytest.fixture
def gained(client: httpx2.Client) -> Gained:
    return Gained(client)


def shown(client: httpx2.Client) -> dict[str, Any]:
    """The first card of an ordinary call."""
    message = json.loads((FOLDER / "cds-services" / f"{CHART}.json").read_bytes())
    card: dict[str, Any] = is_response(client.post(f"/cds-services/{CHART}", json=message))["cards"][0]
    return card


def entry(card: str = "", outcome: str = "accepted", at: str = AT, **members: Any) -> Entry:
    return {"card": card or str(uuid4()), "outcome": outcome, "outcomeTimestamp": at, **members}


def tell(client: httpx2.Client, *entries: Any) -> dict[str, int]:
    return is_feedback_reply(client.post(TOLD, json={"feedback": entries}))


@pytest.mark.requirement("FB-1", "FB-2", "FB-3", "FB-4", "FB-5", "C-1")
def test_a_card_is_counted_for_its_service_and_for_each_rule_it_spoke_for(
    client: httpx2.Client, gained: Gained
) -> None:
    card = shown(client)
    rules = card["extension"]["org.nocturnal-cramps.rules"]
    accepted = entry(card["uuid"], acceptedSuggestions=[{"id": card["suggestions"][0]["uuid"]}])
    overridden = entry(card["uuid"], "overridden", overrideReason={"reason": DONE})
    check = hl7()
    assert check is None or check("feedback", {"feedback": [accepted, overridden]}) == []
    assert tell(client, accepted, overridden) == {"accepted": 1, "overridden": 1, "repeated": 0, "rejected": 0}
    assert gained() == {("accepted", "none", CHART): 1, ("overridden", "action-completed", CHART): 1}
    assert gained("rule_feedback") == {
        **{("accepted", "none", rule): 1 for rule in rules},
        **{("overridden", "action-completed", rule): 1 for rule in rules},
    }


@pytest.mark.parametrize("spelling", [str.upper, "urn:uuid:{}".format, " {} ".format], ids=["upper", "urn", "blanks"])
@pytest.mark.requirement("FB-9")
def test_another_spelling_of_the_id_is_the_same_card(client: httpx2.Client, gained: Gained, spelling: Any) -> None:
    card = shown(client)
    tell(client, entry(spelling(card["uuid"])))
    assert set(gained("rule_feedback").values()) == {1}


@pytest.mark.requirement("FB-9")
@pytest.mark.parametrize("card", [str(uuid4()), "card-7", "x" * 100_000], ids=["uuid", "no uuid", "long"])
def test_an_unknown_card_is_counted_for_its_service_alone(client: httpx2.Client, gained: Gained, card: str) -> None:
    assert tell(client, entry(card))["accepted"] == 1
    assert gained() == {("accepted", "none", CHART): 1}
    assert gained("rule_feedback") == {}


REASONS: dict[str, tuple[dict[str, Any], str]] = {
    "ours": ({"overrideReason": {"reason": DONE, "userComment": SECRET}}, "action-completed"),
    "ours without display": ({"overrideReason": {"reason": PLAIN}}, "patient-refuses"),
    "ours by its code alone": ({"overrideReason": {"reason": {"code": "record-wrong"}}}, "record-wrong"),
    "our code of another system": ({"overrideReason": {"reason": {"system": SECRET, "code": "later-visit"}}}, "other"),
    "a foreign code": ({"overrideReason": {"reason": {"system": SECRET, "code": SECRET}}}, "other"),
    "a comment alone": ({"overrideReason": {"userComment": SECRET}}, "none"),
    "nothing": ({}, "none"),
    "nothing that can be read": ({"overrideReason": 5}, "none"),
    "several, in Epic's way": ({"overrideReasons": [{"reason": {}}, {"reason": PLAIN}]}, "patient-refuses"),
    "one, as Epic spells it": ({"overrideReasons": {"reason": DONE}}, "action-completed"),
    "codings alone": ({"overrideReasons": [DONE]}, "action-completed"),
    "a reason that Epic built": ({"overrideReasons": [{"extension": {"x": SECRET}, "userComment": SECRET}]}, "other"),
}  # fmt: skip


@pytest.mark.requirement("FB-5", "FB-9", "FB-10", "Q-E12")
@pytest.mark.parametrize(("members", "label"), REASONS.values(), ids=REASONS)
def test_only_our_own_reasons_become_labels_and_no_comment_is_kept(
    client: httpx2.Client, server: Server, gained: Gained, members: dict[str, Any], label: str
) -> None:
    answer = client.post(TOLD, json={"feedback": [entry(outcome="overridden", **members)]})
    assert is_feedback_reply(answer)["overridden"] == 1
    assert gained() == {("overridden", label, CHART): 1}
    line = server.line(answer)
    assert SECRET not in answer.text + client.get("/metrics").text + server.logged()
    assert (line["service"], line["overridden"], line["reasons"]) == (CHART, 1, {label: 1})


@pytest.mark.requirement("FB-9")
def test_a_bad_entry_loses_only_itself(client: httpx2.Client) -> None:
    bad: list[Any] = [
        None, 5, "x", [], {}, {"card": 7, "outcome": "accepted"}, {"card": "", "outcome": "accepted"},
        {"card": "c", "outcome": "ignored"}, {"card": "c"}, {"outcome": "accepted"},
        {"card": "c", "outcome": ["accepted"]},
    ]  # fmt: skip
    body = json.dumps({"feedback": [entry(), *bad, "number", entry(outcome="overridden")]})
    body = body.replace('"number"', '{"card": "c", "outcome": "accepted", "x": 1e999}')
    answer = client.post(TOLD, content=body, headers={"Content-Type": "application/json"})
    assert is_feedback_reply(answer) == {"accepted": 1, "overridden": 1, "repeated": 0, "rejected": len(bad) + 1}


@pytest.mark.requirement("FB-6", "Q-DV1")
def test_the_same_told_again_is_counted_once(client: httpx2.Client, gained: Gained) -> None:
    same = entry()
    assert tell(client, same, same) == {"accepted": 1, "overridden": 0, "repeated": 1, "rejected": 0}
    assert tell(client, same) == {"accepted": 0, "overridden": 0, "repeated": 1, "rejected": 0}
    later, otherwise = same | {"outcomeTimestamp": "2026-06-15T09:30:01Z"}, same | {"outcome": "overridden"}
    assert tell(client, later, otherwise) == {"accepted": 1, "overridden": 1, "repeated": 0, "rejected": 0}
    assert gained() == {("accepted", "none", CHART): 2, ("overridden", "none", CHART): 1}


@pytest.mark.requirement("FB-7")
def test_a_card_without_feedback_counts_as_nothing(client: httpx2.Client, gained: Gained) -> None:
    shown(client)
    assert tell(client) == {"accepted": 0, "overridden": 0, "repeated": 0, "rejected": 0}
    assert gained() == gained("rule_feedback") == {}


def test_feedback_of_more_than_a_megabyte_is_413(client: httpx2.Client) -> None:
    answer = client.post(f"/cds-services/{CHART}/feedback", content=b'{"feedback": [' + b"0," * 600_000 + b"0]}")
    (issue,) = answer.json()["issue"]
    assert (answer.status_code, issue["details"]["coding"][0]["code"]) == (413, "body-too-large")


@pytest.mark.requirement("FB-2")
@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({}, "member-missing"),
        ({"feedback": None}, "member-ill-typed"),
        ({"feedback": {}}, "member-ill-typed"),
        ({"feedback": SECRET}, "member-ill-typed"),
    ],
    ids=str,
)
def test_what_is_no_feedback_is_400(client: httpx2.Client, body: dict[str, Any], code: str) -> None:
    answer = client.post(TOLD, json=body)
    (issue,) = answer.json()["issue"]
    assert (answer.status_code, issue["details"]["coding"][0]["code"], issue["diagnostics"]) == (400, code, "feedback")
    assert SECRET not in answer.text


@pytest.mark.requirement("FB-1", "Q-DV5")
@pytest.mark.parametrize(
    "path",
    [f"/cds-services/{SECRET}/feedback", f"/cds-services/{CHART}/analytics/{uuid4()}"],
    ids=["another service", "analytics"],  # two processes must collect the same tests
)
def test_feedback_elsewhere_is_404(client: httpx2.Client, path: str) -> None:
    answer = client.post(path, json={"feedback": [entry()]})
    assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome")


def test_what_is_remembered_is_bounded() -> None:
    memory = Memory(size=2)
    for number in range(5):
        memory.spoke(f"card-{number}", ["diabetes"])
        assert memory.is_new(f"card-{number}", "accepted", AT)
    assert [memory.rules_of(f"card-{number}") for number in range(5)] == [(), (), (), ("diabetes",), ("diabetes",)]
    assert memory.is_new("card-0", "accepted", AT), "forgotten, so counted again"
    assert not memory.is_new("card-4", "accepted", AT)
