"""The settings: environment variables with the prefix RUMBO_, or the file `.env`. Nobody else reads the environment."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from bot.errors import BadSettings

PREFIX = "RUMBO_"
HOME = Path(__file__).resolve().parent.parent


def _listed(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


Listed = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]
Rate = Annotated[float, Field(gt=0, le=10_000)]


class Settings(BaseSettings):
    """Everything that can be set. Each field says what it does; the README's table is checked against this."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", extra="ignore", frozen=True)

    database_url: str = Field(
        "", description="`sqlite:///path` or `postgresql://user@host/name`; empty: `var/rumbo.db`"
    )
    redis_url: str = Field("", description="`redis://host:port/0`; empty: limits and wake-ups stay in the process")
    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="port to listen on")
    public_url: str = Field("", description="how the world reaches us; needed for webhooks; https except on loopback")
    content: Path = Field(HOME / "content", description="folder of the content files")
    var: Path = Field(HOME / "var", description="folder for the embedded database, keys and caches")
    secret_keys: Listed = Field((), description="Fernet keys, newest first; empty: made once in `var/`")
    simulator: bool = Field(False, description="serve /simulator (on by `make run`)")
    encoder: Literal["auto", "off"] = Field("auto", description="use the sentence encoder when it is installed")
    telegram_token: str = Field("", description="token of the bot")
    telegram_webhook_secret: str = Field("", description="1-256 of A-Za-z0-9_-; empty: derived from the secret key")
    telegram_api_url: str = Field("https://api.telegram.org", description="root of the Bot API server")
    twilio_account_sid: str = Field("", description="account of the WhatsApp sender")
    twilio_auth_tokens: Listed = Field((), description="tokens, the first one signs our calls; more during a rotation")
    twilio_api_url: str = Field("", description="root that stands in for Twilio's hosts (tests)")
    whatsapp_sender: str = Field("", description="`whatsapp:+51...`, the number that writes")
    telegram_rate: Rate = Field(28.5, description="messages a second that the bot may send")
    telegram_chat_rate: Rate = Field(1.0, description="messages a second to one chat")
    whatsapp_rate: Rate = Field(80.0, description="messages a second that the sender may send")
    gather_seconds: float = Field(
        1.0, ge=0, le=30, description="quick messages become one turn: WhatsApp waits so long; 0: off"
    )
    approval_above: int = Field(200, ge=0, description="above so many recipients another person approves")
    partner_secrets: Mapping[str, tuple[str, ...]] = Field(
        default_factory=dict, description="JSON: partner to a list of `whsec_...` secrets, newest first"
    )
    staff_chat: str = Field(
        "", description="number of the team's Telegram forum group; people who ask for a person talk with it"
    )

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value and not value.startswith(("sqlite:///", "postgresql://")):
            raise ValueError("write sqlite:///path or postgresql://user@host/name")
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "unix://")):
            raise ValueError("write redis://host:port/0")
        return value

    @field_validator("public_url", "telegram_api_url", "twilio_api_url")
    @classmethod
    def _root(cls, value: str) -> str:
        if not value:
            return value
        parts = urlsplit(value)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError("write a root such as https://rumbo.example")
        return value.rstrip("/")

    @field_validator("secret_keys")
    @classmethod
    def _keys(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            try:
                Fernet(key)
            except ValueError as error:
                raise ValueError("each key is 32 bytes in url-safe base64 (a Fernet key)") from error
        return value

    @field_validator("partner_secrets")
    @classmethod
    def _secrets(cls, value: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        for partner, secrets in value.items():
            if not secrets or not all(secret.startswith("whsec_") for secret in secrets):
                raise ValueError(f"partner {partner!r} needs a list of secrets that begin with whsec_")
        return value

    @field_validator("telegram_webhook_secret")
    @classmethod
    def _secret(cls, value: str) -> str:
        if value and not (len(value) <= 256 and value.replace("_", "").replace("-", "").isalnum() and value.isascii()):
            raise ValueError("1-256 of A-Z a-z 0-9 _ -")
        return value

    @model_validator(mode="after")
    def _whole(self) -> Settings:
        given = {
            "TWILIO_ACCOUNT_SID": bool(self.twilio_account_sid),
            "TWILIO_AUTH_TOKENS": bool(self.twilio_auth_tokens),
            "WHATSAPP_SENDER": bool(self.whatsapp_sender),
        }
        if any(given.values()) and not all(given.values()):
            missing = ", ".join(PREFIX + name for name, there in given.items() if not there)
            raise ValueError(f"{missing}: a WhatsApp account needs all three of SID, tokens and sender")
        if self.telegram_token and ":" not in self.telegram_token:
            raise ValueError(f"{PREFIX}TELEGRAM_TOKEN: a token looks like 123456:ABC...")
        url = urlsplit(self.public_url)
        if url.scheme == "http" and url.hostname not in {"127.0.0.1", "localhost", "::1"}:
            raise ValueError(f"{PREFIX}PUBLIC_URL: must be https (http is for loopback only)")
        return self

    @field_validator("staff_chat")
    @classmethod
    def _group(cls, value: str) -> str:
        if value and not (value.startswith("-") and value[1:].isdecimal()):
            raise ValueError("the number of a Telegram group, such as -1001234567890")
        return value

    @property
    def embedded(self) -> bool:
        """One process on SQLite, nothing shared with another host."""
        return not self.database_url.startswith("postgresql://")

    @property
    def database(self) -> str:
        """The database URL with the default filled in."""
        return self.database_url or f"sqlite:///{self.var / 'rumbo.db'}"


def load(**given: object) -> Settings:
    """Read the settings; raises BadSettings with one line that names what is wrong and how to mend it."""
    _refuse_unknown()
    try:
        return Settings(**given)  # type: ignore[arg-type]  # the names are fields; pydantic checks the values
    except ValidationError as error:
        raise BadSettings(_one_line(error)) from error
    except json.JSONDecodeError as error:
        raise BadSettings(f"{PREFIX}PARTNER_SECRETS: not JSON ({error.msg})") from error
    except ValueError as error:
        raise BadSettings(f"a setting cannot be read: {error}") from error


def _refuse_unknown() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    file = Path(".env")
    lines = file.read_text(encoding="utf-8").splitlines() if file.is_file() else []
    named = [line.split("=", 1)[0].strip().upper() for line in lines if "=" in line and not line.startswith("#")]
    for name in sorted({*os.environ, *named}):
        if name.startswith(PREFIX) and name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.0)
            raise BadSettings(f"{name}: there is no such setting; did you mean {near[0]}?")


def _one_line(error: ValidationError) -> str:
    first = error.errors()[0]
    where = "".join(PREFIX + str(first["loc"][0]).upper() + ": " if first["loc"] else "")
    return where + str(first["msg"]).removeprefix("Value error, ")
