"""The keys at work: addresses and texts are sealed before they are stored, and found again by a keyed hash.

The first key seals, every key opens, so keys can be changed without stopping; `bot.storage.rekey` seals all anew.
Addresses are Fernet tokens; the short texts of the hot road (state, replies, held messages) are AES-GCM under a key
drawn from the same secret, because that costs a tenth. Never logs what it opens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bot.errors import BadSettings
from bot.person import Address

_NONCE = 12
_DIGEST = 16
_MISSING = "RUMBO_SECRET_KEYS: the key that sealed the stored data is missing"


class Vault:
    """Seals and opens with the given Fernet keys, newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        if not keys:
            raise BadSettings("RUMBO_SECRET_KEYS: at least one key is needed")
        self._newest = Fernet(keys[0])
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        secrets = [base64.urlsafe_b64decode(key) for key in keys]
        self._ciphers = [AESGCM(_derive(secret, b"text")) for secret in secrets]
        self._hash_keys = [_derive(secret, b"address") for secret in secrets]
        self._decrypted = lru_cache(maxsize=8192)(self._decrypt)

    def hash(self, *parts: str) -> bytes:
        """The keyed hash under the newest key."""
        return _digest(self._hash_keys[0], parts)

    def hashes(self, *parts: str) -> list[bytes]:
        """The keyed hashes under every key, newest first."""
        return [_digest(key, parts) for key in self._hash_keys]

    def lock_address(self, address: Address) -> str:
        """What is stored of the address."""
        return self._fernet.encrypt(address.value.encode()).decode("ascii")

    def address(self, channel: str, stored: str) -> Address:
        """The address that was locked."""
        return Address(channel, self._decrypted(stored))

    def rotated(self, stored: str) -> str:
        """The same address under the newest key; what is under it already comes back as it is."""
        try:
            self._newest.decrypt(stored)
        except InvalidToken:
            return self._newest.encrypt(self._decrypt(stored).encode()).decode("ascii")
        return stored

    def seal(self, data: Any) -> bytes:
        """JSON data, unreadable without a key."""
        nonce = os.urandom(_NONCE)
        return nonce + self._ciphers[0].encrypt(nonce, orjson.dumps(data), None)

    def open(self, sealed: bytes) -> Any:
        """The JSON data that was sealed under any of the keys."""
        nonce, text = sealed[:_NONCE], sealed[_NONCE:]
        for cipher in self._ciphers:
            try:
                return orjson.loads(cipher.decrypt(nonce, text, None))
            except InvalidTag:
                continue
        raise BadSettings(_MISSING)

    def resealed(self, sealed: bytes) -> bytes:
        """The same data under the newest key; what is under it already comes back as it is."""
        try:
            self._ciphers[0].decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        except InvalidTag:
            return self.seal(self.open(sealed))
        return sealed

    def _decrypt(self, stored: str) -> str:
        try:
            return self._fernet.decrypt(stored.encode("ascii")).decode()
        except InvalidToken as error:
            raise BadSettings(_MISSING) from error


def _derive(secret: bytes, purpose: bytes) -> bytes:
    return hmac.digest(secret, b"rumbo/" + purpose, "sha256")


def _digest(key: bytes, parts: Sequence[str]) -> bytes:
    return hmac.digest(key, "\x1f".join(parts).encode(), hashlib.sha256)[:_DIGEST]
