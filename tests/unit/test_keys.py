"""Key sets over time, and used tokens: what an hour does, without waiting for it."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.keys import FetchedKeys, KeysUnusable, read_key_set
from service.replay import Replay
from service.tokens import Rejected, read_token
from tests.support.keyserver import KeyServer, serving_keys
from tests.support.tokens import Signer, coded

FIRST, SECOND = Signer("first", "P-384"), Signer("second", "P-384")


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with serving_keys() as running:
        running.publish("/keys", FIRST.jwk())
        yield running


class Clock:
    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


def play(server: KeyServer, scene: Callable[[FetchedKeys, Clock], Awaitable[None]]) -> None:
    async def playing() -> None:
        clock = Clock()
        keys = FetchedKeys(f"{server.url}/keys", "one", clock)
        try:
            await scene(keys, clock)
        finally:
            await keys.close()

    asyncio.run(playing())


async def _settled(server: KeyServer, asked: int) -> None:
    """Wait for what goes on in the background."""
    for _ in range(500):
        if server.asked["/keys"] >= asked:
            break
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)


@pytest.mark.requirement("T-11")
def test_an_empty_set_withdraws_the_keys(server: KeyServer) -> None:
    async def scene(keys: FetchedKeys, clock: Clock) -> None:
        assert await keys.find("first", "ES384")
        server.publish("/keys")
        clock.now_s += 601
        assert await keys.find("first", "ES384")  # the last time: it is fetched anew meanwhile
        await _settled(server, 2)
        assert await keys.find("first", "ES384") is None

    play(server, scene)


@pytest.mark.requirement("T-11")
def test_old_keys_are_fetched_anew_in_the_background(server: KeyServer) -> None:
    async def scene(keys: FetchedKeys, clock: Clock) -> None:
        assert await keys.find("first", "ES384")
        clock.now_s += 599
        assert await keys.find("first", "ES384")
        assert server.asked["/keys"] == 1
        server.publish("/keys", SECOND.jwk())
        clock.now_s += 1
        assert await keys.find("first", "ES384")  # not made to wait
        await _settled(server, 2)
        assert await keys.find("second", "ES384")
        assert await keys.find("first", "ES384") is None  # taken back by its owner
        assert server.asked["/keys"] <= 3

    play(server, scene)


@pytest.mark.requirement("T-11")
def test_keys_outlive_their_server_for_an_hour(server: KeyServer) -> None:
    async def scene(keys: FetchedKeys, clock: Clock) -> None:
        assert await keys.find("first", "ES384")
        server.answer("/keys", 500, b"")
        clock.now_s += 3_599
        assert await keys.find("first", "ES384")
        await _settled(server, 2)
        clock.now_s += 1
        with pytest.raises(KeysUnusable):
            await keys.find("first", "ES384")
        assert server.asked["/keys"] == 2  # it failed a second ago
        server.publish("/keys", FIRST.jwk())
        clock.now_s += 10
        assert await keys.find("first", "ES384")

    play(server, scene)


@pytest.mark.requirement("T-11")
def test_an_unknown_kid_is_asked_for_every_half_minute_at_most(server: KeyServer) -> None:
    async def scene(keys: FetchedKeys, clock: Clock) -> None:
        assert await keys.find("first", "ES384")
        for _ in range(10):
            assert await keys.find("second", "ES384") is None
        assert server.asked["/keys"] == 2
        server.publish("/keys", FIRST.jwk(), SECOND.jwk())
        clock.now_s += 29
        assert await keys.find("second", "ES384") is None
        clock.now_s += 1
        assert await keys.find("second", "ES384")
        assert server.asked["/keys"] == 3

    play(server, scene)


@pytest.mark.requirement("T-11")
def test_many_calls_fetch_once(server: KeyServer) -> None:
    async def scene(keys: FetchedKeys, _clock: Clock) -> None:
        server.slow.add("/keys")
        waiting = [asyncio.create_task(keys.find("first", "ES384")) for _ in range(20)]
        await _settled(server, 1)
        waiting[0].cancel()  # a caller that leaves takes nothing from the others
        server.released.set()
        assert all(await asyncio.gather(*waiting[1:]))
        assert server.asked["/keys"] == 1

    play(server, scene)


@pytest.mark.requirement("T-5")
@pytest.mark.parametrize("algorithm", ["ES256", "RS384", "EdDSA", "none", "HS256"])
def test_a_key_is_for_its_own_algorithm(server: KeyServer, algorithm: str) -> None:
    async def scene(keys: FetchedKeys, _clock: Clock) -> None:
        assert await keys.find("first", algorithm) is None

    play(server, scene)


@pytest.mark.requirement("T-13")
def test_a_used_token_is_remembered_until_it_expires() -> None:
    used = Replay()
    assert used.is_first_use("one", "a", 100, 0)
    assert not used.is_first_use("one", "a", 100, 99)
    assert used.is_first_use("other", "a", 100, 99)
    assert used.is_first_use("one", "a", 300, 100)


@pytest.mark.requirement("T-13")
def test_memory_is_bounded_for_each_issuer() -> None:
    used = Replay(most=3)
    for number in range(3):
        assert used.is_first_use("one", str(number), 100 + number, 0)
    assert used.is_first_use("loud", "x", 100, 0)
    assert used.is_first_use("one", "3", 103, 0)  # and the first to expire is forgotten
    assert not any(used.is_first_use("one", str(number), 100, 0) for number in (1, 2, 3))
    assert used.is_first_use("one", "0", 100, 0)
    assert not used.is_first_use("loud", "x", 100, 0)


# --- anything at all: an answer or the one refusal, never a crash ----------------------------------------------------

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
MEMBERS = ("kty", "crv", "x", "y", "n", "e", "use", "alg", "key_ops", "kid")
HONEST = [FIRST.jwk(), Signer("rsa", "2048").jwk(), Signer("ed", "Ed25519").jwk()]


@given(st.sampled_from(HONEST), st.dictionaries(st.sampled_from(MEMBERS), ANYTHING, min_size=1), st.booleans())
@settings(max_examples=300)
def test_any_key_set_is_read_or_refused(jwk: dict[str, Any], changed: dict[str, Any], strict: bool) -> None:
    content = json.dumps({"keys": [jwk | changed]}).encode()
    try:
        (key,) = read_key_set(content, strict=strict)
    except KeysUnusable:
        return
    assert key.kid == (jwk | changed)["kid"]
    assert not any(key.fits(algorithm) for algorithm in ("none", "HS256", "HS384", "HS512"))


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")), ANYTHING, ANYTHING)
@settings(max_examples=300)
def test_any_authorization_is_read_or_refused(text: str, header: Any, claims: Any) -> None:
    for authorization in (text, f"Bearer {text}", f"Bearer {coded(header)}.{coded(claims)}.AAAA"):
        try:
            token = read_token(authorization)
        except Rejected:
            continue
        assert isinstance(token.issuer, str)
        assert isinstance(token.tenant, str | None)
