"""`rumbo fairs held | draft`: the fairs that partners announce, and the way of one of them into the content.

A partner's fair is told to nobody: a person of the team looks at it and makes it a content file, which is the only
source of announcements. A draft says what the partner said; `rumbo check` names what is still missing.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from pathlib import Path
from typing import Any

from bot import settings
from bot.alerts.events import PartnerFair
from bot.alerts.plain import folded
from bot.clock import Clock
from bot.commands.operate import open_storage
from bot.errors import BadContent
from bot.library.drafting import PLACEHOLDER
from bot.library.reading import LONGEST_TITLE
from bot.messages import LONGEST_LABEL
from bot.storage.vacancies import FILED, StoredFair, VacancyStore
from bot.wording import Home


def add_to(fairs: Any) -> None:
    """Add the two to `fairs`."""
    held = fairs.add_parser("held", help="fairs of partners that nobody has looked at, and cancelled ones")
    held.add_argument("--json", action="store_true")
    held.set_defaults(act=lambda given: asyncio.run(_held(given)))
    draft = fairs.add_parser("draft", help="make a partner's fair a content file, as a draft to be looked over")
    draft.add_argument("id", type=int, metavar="ID", help="as `fairs held` shows it")
    draft.add_argument("--out", type=Path, metavar="FOLDER", help="default: ferias/ of the Spanish content")
    draft.set_defaults(act=lambda given: asyncio.run(_draft(given)))


async def _held(given: argparse.Namespace) -> int:
    chosen, now = settings.load(), Clock()()
    storage = await open_storage(chosen)
    try:
        async with storage.view() as work:
            found = [stored.fair for stored in await VacancyStore(work.line).fairs_to_look_at(now)]
    finally:
        await storage.close()
    if given.json:
        print(json.dumps([fair.to_json() for fair in found], ensure_ascii=False))
        return 0
    zone = Home.read(chosen.content / "pais.yaml").zone
    for fair in found:
        when = f"{fair.start.astimezone(zone):%Y-%m-%d %H:%M}" if fair.start else "-"
        print(f"{fair.id}  {fair.state:9} {when}  {fair.name} · {fair.place or fair.district or '-'} · {fair.partner}")
    print("rumbo fairs draft ID makes one a content file" if found else "no fair of a partner waits")
    return 0


async def _draft(given: argparse.Namespace) -> int:
    chosen, now = settings.load(), Clock()()
    zone = Home.read(chosen.content / "pais.yaml").zone
    storage = await open_storage(chosen)
    try:
        async with storage.work() as work:
            store = VacancyStore(work.line)
            await store.alone()
            stored = await store.fair_by_id(given.id)
            if stored is None or stored.fair.start is None:
                raise BadContent(f"there is no fair {given.id}; `rumbo fairs held` shows them")
            path = (given.out or chosen.content / "es" / "ferias") / f"{_slug(stored.fair, zone)}.md"
            _write(path, "\n".join(_rows(stored.fair, now, zone)))
            await store.save_fair(_filed(stored), now)
    finally:
        await storage.close()
    print(f"{path}: look it over, run `rumbo check`, then set its status")
    return 0


def _filed(stored: StoredFair) -> StoredFair:
    return replace(stored, fair=replace(stored.fair, state=FILED)) if stored.fair.state == "held" else stored


def _write(path: Path, text: str) -> None:
    """Never over a file that is there: an editor may have worked on it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        raise BadContent(f"{path} is there already; remove it first, or change it by hand") from error


def _slug(fair: PartnerFair, zone: tzinfo) -> str:
    assert fair.start is not None
    where = "-".join(re.findall(r"[a-z0-9]+", folded(fair.district or fair.place or fair.partner)))
    return f"{fair.start.astimezone(zone):%Y-%m-%d}-{where}"[:80].rstrip("-")


def _rows(fair: PartnerFair, now: datetime, zone: tzinfo) -> Sequence[str]:
    who = fair.organiser or fair.partner
    source = {"name": who, "url": fair.url or "", "as_of": f"{now.astimezone(zone):%Y-%m-%d}"}
    fields: dict[str, Any] = {
        "title": fair.name[:LONGEST_TITLE],
        "label": (fair.district or fair.name)[:LONGEST_LABEL].strip(),
        "start": fair.start.astimezone(zone).isoformat() if fair.start else None,
        "end": fair.end.astimezone(zone).isoformat() if fair.end else None,
        "place": fair.place,
        "address": fair.address,
        "district": fair.district or "",
        "region": fair.region or "",
        "lat": fair.lat,
        "lon": fair.lon,
        "organiser": who,
        "register": fair.url or "",
        "bring": [],
        "sources": [source],
        "status": "draft",
    }
    told = (f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in fields.items() if value is not None)
    return ["---", *told, "---", fair.description or f"{PLACEHOLDER} qué empresas van y si se paga la entrada.)", ""]
