"""What an operator can set: environment variables that begin with CRAMPS_, read once."""

import os
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service.address import is_loopback_name

_PROJECT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """The settings of one process. An empty variable counts as unset.

    Raises ValidationError for an address that others can reach, unless a clients file or CRAMPS_AUTH=open is given, and
    for a clients file without the public base URL there.
    """

    model_config = SettingsConfigDict(
        env_prefix="CRAMPS_",
        env_ignore_empty=True,
        frozen=True,
        validate_default=True,
        hide_input_in_errors=True,
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=1, le=65535, description="Port to listen on.")
    rules_dir: Path = Field(
        _PROJECT / "rules", description="Folder of the rule set. Default: `rules/` beside the package."
    )
    overlay_file: Path | None = Field(
        None, description="CSV file of a site's own codes: system, code, value set. Default: none."
    )
    site_file: Path | None = Field(
        None, description="YAML file of what a site decides: thresholds, rules off, units. Default: none."
    )
    public_base_url: str | None = Field(
        None,
        description="Address under which clients reach the service, with any path that a proxy strips. Default: none.",
    )
    zone: str = Field("UTC", description="IANA time zone in which calendar days are counted.")
    max_body_bytes: int = Field(
        32 * 1024 * 1024, ge=1024, description="Largest request body in bytes; of feedback never more than 1 MiB."
    )
    body_timeout_s: float = Field(10.0, gt=0, description="Seconds within which a request body must arrive.")
    max_concurrent_requests: int = Field(
        64, ge=1, description="POST requests in progress at once; one more is answered 503 busy."
    )
    auth: Literal["auto", "open"] = Field(
        "auto",
        description="`auto`: an address that others can reach needs a clients file. `open`: anybody may call, unless a "
        "clients file without `anonymous` is set.",
    )
    clients_file: Path | None = Field(None, description="File of the clients that may call. Default: none.")
    cors_origins: Annotated[tuple[str, ...], NoDecode] = Field(
        ("https://sandbox.cds-hooks.org",),
        description="Origins whose pages may call, separated by commas; `none` allows no page.",
    )
    fetch_budget_ms: int = Field(
        400,
        ge=0,
        description="Milliseconds after which no further call to the client's FHIR server is begun.",
    )
    fetch_deadline_s: float = Field(
        2.0, gt=0, description="Seconds after which calls to the client's FHIR server are abandoned."
    )
    server_timing: bool = Field(
        False,
        description="Whether answers to hook calls and `/evaluate` say in the `Server-Timing` header how long each "
        "stage took.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least level that is logged.")

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        return () if value == "none" else tuple(part.strip() for part in value.split(",") if part.strip())

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for origin in value:
            parts = urlsplit(origin)
            if parts.scheme not in {"http", "https"} or origin != f"{parts.scheme}://{parts.netloc}":
                raise ValueError("an origin is scheme://host[:port], without a path")
        return value

    @field_validator("public_base_url")
    @classmethod
    def _check_base_url(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.query or parts.fragment:
            raise ValueError("an absolute http or https address without query is needed")
        if "@" in parts.netloc:
            raise ValueError("an address without user is needed: it stands on cards and in the log")
        return value.rstrip("/")

    @field_validator("zone")
    @classmethod
    def _check_zone(cls, value: str) -> str:
        if value != "UTC":
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                raise ValueError("not a time zone that this machine knows") from None
        return value

    @model_validator(mode="after")
    def _check_exposure(self) -> Self:
        if not self.is_loopback and self.auth != "open" and self.clients_file is None:
            raise ValueError(
                "others can reach this address: set CRAMPS_CLIENTS_FILE, or CRAMPS_AUTH=open to let anybody call"
            )
        if not self.is_loopback and self.clients_file is not None and self.public_base_url is None:
            raise ValueError(
                "CRAMPS_CLIENTS_FILE needs CRAMPS_PUBLIC_BASE_URL: tokens must be made for the address of this service"
            )
        return self

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the address."""
        return is_loopback_name(self.host)

    @property
    def anybody_may_call(self) -> bool:
        """Whether callers without a token may be taken at all."""
        return self.is_loopback or self.auth == "open"

    @property
    def timezone(self) -> tzinfo:
        """The zone in which calendar days are counted."""
        return UTC if self.zone == "UTC" else ZoneInfo(self.zone)

    @property
    def root_path(self) -> str:
        """The path of the public base URL, without a slash at its end; empty when there is none."""
        return urlsplit(self.public_base_url).path if self.public_base_url else ""

    @property
    def base_url(self) -> str:
        """The address that links on cards begin with, without a slash at its end."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_base_url or f"http://{host}:{self.port}"


class SettingsInvalid(Exception):
    """Settings that are refused; faults: each with the name of its variable."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


def read_settings(*, listens: bool = False, **given: Any) -> Settings:
    """Returns the settings of the environment; what is given overrules it.

    listens: False for a command that nobody can call, whatever address the environment names. Raises SettingsInvalid:
    all faults.
    """
    if not listens:
        given["host"] = "127.0.0.1"
    try:
        return Settings(**given)
    except ValidationError as invalid:
        faults = [
            (f"CRAMPS_{fault['loc'][0]}: ".upper() if fault["loc"] else "") + fault["msg"].removeprefix("Value error, ")
            for fault in invalid.errors()
        ]
    raise SettingsInvalid(faults)


def unknown_settings() -> list[str]:
    """Returns the variables of the environment that look like settings and are none."""
    prefix = Settings.model_config["env_prefix"]
    names = (name for name in os.environ if name.upper().startswith(prefix))
    return sorted(name for name in names if name.upper().removeprefix(prefix).lower() not in Settings.model_fields)
