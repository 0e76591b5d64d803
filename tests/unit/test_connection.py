"""Where connections may lead: looked up once, looked at, and taken to that very address."""

import asyncio
import socket
from ipaddress import ip_address
from typing import Any

import httpx2
import pytest

from service.address import may_be_called, page_under, read_base
from service.connection import AddressRefused, open_client
from tests.support.fhir_server import fhir_server, redirects
from tests.support.records import PATIENT

NAME = "ehr.example"


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Lets the name have these addresses, at each look-up the next; gives the names that were looked up."""
    real = socket.getaddrinfo
    asked: list[str] = []

    def answer(host: Any, port: Any, *arguments: Any, **named: Any) -> Any:
        if host != NAME:
            return real(host, port, *arguments, **named)
        found = answers[min(len(asked), len(answers) - 1)]
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", answer)
    return asked


def get(url: str, *, private: bool, times: int = 1) -> list[httpx2.Response]:
    async def run() -> list[httpx2.Response]:
        async with open_client(private=private) as client:
            return list(await asyncio.gather(*(client.get(url) for _ in range(times))))

    return asyncio.run(run())


@pytest.mark.requirement("F-10")
def test_a_name_is_looked_up_once_and_the_connection_goes_to_that_address(monkeypatch: pytest.MonkeyPatch) -> None:
    """A second look-up would lead elsewhere: DNS rebinding."""
    with fhir_server() as server:
        server.reset(PATIENT)
        asked = resolves(monkeypatch, ["127.0.0.1"], ["203.0.113.9"])
        port = server.origin.rpartition(":")[2]
        answers = get(f"http://{NAME}:{port}/fhir/Patient/p1", private=True, times=3)
        assert [answer.json() for answer in answers] == [PATIENT] * 3
        assert asked == [NAME]
        assert {request.headers["host"] for request in server.requests} == {f"{NAME}:{port}"}


@pytest.mark.requirement("F-10")
@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"], ["10.1.2.3"], ["192.168.0.1"], ["172.16.0.1"], ["169.254.169.254"], ["100.64.0.1"], ["0.0.0.0"],
        ["224.0.0.1"], ["::1"], ["::"], ["fe80::1"], ["fd00::1"], ["ff02::1"], ["::ffff:127.0.0.1"],
        ["::ffff:93.184.215.14"], ["64:ff9b::a00:1"], ["2002:7f00:1::"], ["93.184.215.14", "127.0.0.1"],
        ["::127.0.0.1"], ["::ffff:0:127.0.0.1"], ["64:ff9b:1::7f00:1"], ["4000::1"], ["192.0.0.192"],
    ],
    ids=str,
)  # fmt: skip
def test_an_address_that_is_not_public_is_refused(addresses: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, addresses)
    with pytest.raises(httpx2.ConnectError) as refused:
        get(f"http://{NAME}/", private=False)
    assert isinstance(refused.value.__cause__, AddressRefused)


@pytest.mark.requirement("F-10")
@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "0.0.0.0", "::", "224.0.0.1", "240.0.0.1", "ff02::1", "::a9fe:a9fe"]
)
def test_some_addresses_are_never_called(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, [address])
    with pytest.raises(httpx2.ConnectError) as refused:
        get(f"http://{NAME}/", private=True)
    assert isinstance(refused.value.__cause__, AddressRefused)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:4700::1111", "64:ff9b::808:808"])
def test_a_public_address_may_be_called(address: str) -> None:
    assert may_be_called(ip_address(address), private=False)


@pytest.mark.parametrize("address", ["10.0.0.1", "100.64.0.1", "127.0.0.1", "::1", "fd00::1", "::ffff:10.0.0.1"])
def test_a_private_address_may_be_called_where_the_entry_says_so(address: str) -> None:
    assert may_be_called(ip_address(address), private=True)


def test_the_next_of_several_addresses_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with fhir_server() as server:
        server.reset(PATIENT)
        resolves(monkeypatch, ["127.0.0.2", "127.0.0.1"])  # nobody listens on the first
        port = server.origin.rpartition(":")[2]
        (answer,) = get(f"http://{NAME}:{port}/fhir/Patient/p1", private=True)
        assert answer.status_code == 200


def test_a_name_that_is_none_is_a_connect_error(monkeypatch: pytest.MonkeyPatch) -> None:
    resolves(monkeypatch, [])
    with pytest.raises(httpx2.ConnectError):
        get(f"http://{NAME}/", private=True)


def test_a_redirect_is_not_followed() -> None:
    with fhir_server() as server:
        server.reset()
        server.behaviours["Patient"] = redirects("/open/Patient/p1")
        (answer,) = get(f"{server.origin}/fhir/Patient/p1", private=True)
        assert answer.status_code == 302


@pytest.mark.parametrize("port", [0, 65536, 99999])
def test_a_port_that_is_none(port: int) -> None:
    assert read_base(f"https://{NAME}:{port}/fhir") is None


def test_the_same_base_written_in_two_ways() -> None:
    assert read_base(f"HTTPS://{NAME.upper()}:443/fhir/") == read_base(f"https://{NAME}/fhir")
    assert read_base(f"https://{NAME}/fhir") != read_base(f"https://{NAME}/FHIR")
    assert str(read_base("https://[2001:DB8::1]:8443/fhir")) == "https://[2001:db8::1]:8443/fhir"


def test_a_page_relative_to_the_base() -> None:
    base = read_base(f"https://{NAME}/fhir")
    assert base is not None
    assert page_under(base, "?page=2") == f"https://{NAME}/fhir?page=2"
    assert page_under(base, "Condition?page=2") == f"https://{NAME}/fhir/Condition?page=2"
