"""Settings: what is refused before a single request is answered."""

import re
from datetime import UTC
from pathlib import Path

import pytest
from pydantic import ValidationError

from service.settings import Settings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CRAMPS_{name.upper()}", raising=False)


def test_defaults_serve_this_machine_alone() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.is_loopback) == ("127.0.0.1", 8000, True)
    assert settings.rules_dir == ROOT / "rules"
    assert settings.timezone is UTC
    assert settings.max_body_bytes == 32 * 1024 * 1024


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "example.org"])
def test_an_address_that_others_can_reach_needs_a_decision(host: str) -> None:
    with pytest.raises(ValidationError, match="CRAMPS_AUTH=open"):
        Settings(host=host)
    assert Settings(host=host, auth="open").host == host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "localhost"])
def test_loopback_needs_none(host: str) -> None:
    assert Settings(host=host).is_loopback


def test_the_environment_is_read_and_an_empty_variable_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMPS_ZONE", "")
    monkeypatch.setenv("CRAMPS_PORT", "9000")
    monkeypatch.setenv("CRAMPS_CORS_ORIGINS", "https://a.example, https://b.example:8443")
    settings = Settings()
    assert (settings.zone, settings.port) == ("UTC", 9000)
    assert settings.cors_origins == ("https://a.example", "https://b.example:8443")


def test_no_origin_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMPS_CORS_ORIGINS", "none")
    assert Settings().cors_origins == ()


@pytest.mark.parametrize("origin", ["*", "https://a.example/", "https://a.example/page", "a.example", "file://x"])
def test_an_origin_is_scheme_and_host(origin: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CRAMPS_CORS_ORIGINS", origin)
    with pytest.raises(ValidationError, match="cors_origins"):
        Settings()


@pytest.mark.parametrize(
    "url", ["example.org", "ftp://example.org", "https://example.org?x=1", "https:///path", "https://a:b@example.org"]
)
def test_a_public_base_url_is_absolute(url: str) -> None:
    with pytest.raises(ValidationError, match="public_base_url"):
        Settings(public_base_url=url)


def test_the_path_of_the_public_base_url_is_the_root_path() -> None:
    assert Settings(public_base_url="https://example.org/cramps/").root_path == "/cramps"
    assert Settings(public_base_url="https://example.org").root_path == ""


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime"])
def test_an_unknown_zone_is_refused(zone: str) -> None:
    with pytest.raises(ValidationError, match="zone"):
        Settings(zone=zone)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]


def test_every_setting_is_described() -> None:
    assert all(field.description for field in Settings.model_fields.values())


def test_the_readme_lists_every_setting_and_no_other() -> None:
    listed = set(re.findall(r"^\| `CRAMPS_([A-Z_]+)` \|", (ROOT / "README.md").read_text(), re.MULTILINE))
    assert listed == {name.upper() for name in Settings.model_fields}
