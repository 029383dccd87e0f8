"""The keys that protect what is kept: those that are set, or the one that an embedded first run makes for itself."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

from bot.errors import BadSettings
from bot.settings import Settings


def secret_keys(chosen: Settings) -> tuple[str, ...]:
    """The keys, newest first. Several processes that start at once on an empty `var/` all get the same one."""
    if chosen.secret_keys:
        return chosen.secret_keys
    file = chosen.var / "secret.key"
    if not file.exists():
        chosen.var.mkdir(parents=True, exist_ok=True)
        _make(file)
    key = file.read_text(encoding="ascii", errors="replace").strip()
    try:
        Fernet(key)
    except ValueError:
        raise BadSettings(
            f"{file}: holds no key; put the saved one back, or delete it if nothing was kept yet"
        ) from None
    return (key,)


def _make(file: Path) -> None:
    """Put a whole key there at once, unless somebody else was quicker."""
    made, name = tempfile.mkstemp(prefix=".secret-", dir=file.parent)  # readable by us alone
    try:
        with os.fdopen(made, "wb") as out:
            out.write(Fernet.generate_key())
            out.flush()
            os.fsync(out.fileno())
        os.link(name, file)
    except FileExistsError:
        return
    except OSError:  # a file system without links
        if not file.exists():
            Path(name).replace(file)
    finally:
        Path(name).unlink(missing_ok=True)


def webhook_secret(chosen: Settings) -> str:
    """What Telegram must send back: as set, or derived from the newest key so that every process agrees."""
    if chosen.telegram_webhook_secret:
        return chosen.telegram_webhook_secret
    return hashlib.sha256(b"telegram webhook" + secret_keys(chosen)[0].encode()).hexdigest()
