"""What one question costs: time and memory, by words alone and with the encoder, and how soon the first answer comes."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import UTC, datetime

from bench.processes import HOME
from bench.report import Aim, Report, percentile, say
from bench.road import sayings

_FIRST = (
    "import asyncio,time;t=time.perf_counter();from bot.mind import think;from bot.settings import Settings;"
    "m=asyncio.run(think(Settings(encoder='{encoder}')));asyncio.run(m.reader.understand('como saco el carnet'));"
    "import resource;print(time.perf_counter()-t, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss/1024)"
)


async def run(questions: int = 400) -> Report:
    """Measure on ways of asking of the content itself."""
    report = Report("question: understanding one message")
    for name, encoder, cpu_aim, memory_aim, first_aim in (
        ("words alone", "off", 1.0, 130.0, 3.0),
        ("with the encoder", "auto", 40.0, 260.0, 8.0),
    ):
        say(f"question: {name}")
        first, memory = _first(encoder)
        costs = await _costs(encoder, questions)
        middle, slow = percentile(costs, 0.5), percentile(costs, 0.95)
        row = {"": name, "CPU ms p50": middle, "CPU ms p95": slow, "first answer s": first, "MB at most": memory}
        report.rows.append(row)
        report.aims += [
            Aim(f"{name}: a question in the middle", middle, cpu_aim, unit="ms CPU"),
            Aim(f"{name}: memory", memory, memory_aim, unit="MB"),
            Aim(f"{name}: first answer after the start", first, first_aim, unit="s"),
        ]
    return report


async def _costs(encoder: str, questions: int) -> list[float]:
    from bot.mind import Mind
    from bot.settings import Settings

    mind = Mind(Settings(content=HOME / "content", encoder=encoder), lambda: datetime.now(UTC))
    await mind.reader.prepare()
    costs = []
    for text in sayings()[:questions]:
        before = time.process_time()
        await mind.reader.understand(text)
        costs.append(1000 * (time.process_time() - before))
    return costs


def _first(encoder: str) -> tuple[float, float]:
    done = subprocess.run(
        [sys.executable, "-c", _FIRST.format(encoder=encoder)], cwd=HOME, capture_output=True, text=True, check=True
    )
    first, memory = done.stdout.split()
    return float(first), float(memory)
