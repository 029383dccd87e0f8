"""Programs under measurement: each in a process of its own, with its CPU time and memory read from /proc."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

HOME = Path(__file__).resolve().parent.parent
_TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE = 120.0


class Process:
    """A running program and what it has cost so far."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.name = name
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, name: str, *command: str, environment: Mapping[str, str], folder: Path) -> Process:
        """`python -m ...` with these variables and none of ours."""
        inherited = {key: value for key, value in os.environ.items() if not key.startswith("RUMBO_")}
        log = folder / f"{name.replace(' ', '-')}.log"
        with log.open("ab") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *command,
                env={**inherited, "PYTHONPATH": str(HOME), **environment},
                cwd=folder,
                stdout=out,
                stderr=out,
            )
        return cls(name, process, log)

    @property
    def alive(self) -> bool:
        """Whether it has not ended."""
        return self._process.returncode is None

    def cpu(self) -> float:
        """Seconds of CPU of all its threads."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    def memory(self) -> tuple[float, float]:
        """Resident and proportional megabytes."""
        found = {"Rss": 0, "Pss": 0}
        for line in Path(f"/proc/{self._process.pid}/smaps_rollup").read_text(encoding="ascii").splitlines():
            name, _, rest = line.partition(":")
            if name in found:
                found[name] = int(rest.split()[0])
        return found["Rss"] / 1024, found["Pss"] / 1024

    async def listening(self, port: int) -> None:
        """Wait until it takes connections."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._listening(port)
        except TimeoutError:
            raise RuntimeError(f"{self.name} takes no calls after {PATIENCE:.0f} s:\n{self.logged()}") from None

    async def _listening(self, port: int) -> None:
        while True:
            if not self.alive:
                raise RuntimeError(f"{self.name} has ended:\n{self.logged()}")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", port)
            except OSError:
                await asyncio.sleep(0.02)
            else:
                writer.close()
                await writer.wait_closed()
                return

    def logged(self) -> str:
        """The end of what it has written."""
        return self._log.read_text(encoding="utf-8", errors="replace")[-2000:]

    async def kill(self) -> None:
        """As `kill -9`."""
        if self.alive:
            self._process.kill()
        await self._process.wait()

    async def stop(self) -> None:
        """In order; after a while, not."""
        if self.alive:
            self._process.terminate()
            try:
                async with asyncio.timeout(20):
                    await self._process.wait()
            except TimeoutError:
                await self.kill()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])
