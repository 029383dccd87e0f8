"""What waits for a person: numbers of today, mistakes in the content, what to verify, what nobody could answer."""

from __future__ import annotations

import asyncio
from collections import Counter

from starlette.responses import Response

from bot.library.check import check, due
from bot.library.problems import ERROR, Problem
from bot.storage.tables import State
from bot.storage.vacancies import VacancyStore
from bot.understanding.clusters import cluster
from console.house import House, Visit

MOST_ROWS = 200
MOST_QUESTIONS = 2_000
_OPEN = (State.QUEUED, State.LEASED, State.SENDING)


async def today(house: House, visit: Visit) -> Response:
    """The first page: how much there is of everything, and where to go on."""
    app = house.app
    async with app.storage.view() as work:
        people = await work.people.counts()
        outbox = await work.outbox.counts()
        questions = await work.feedback.unanswered(MOST_QUESTIONS)
        fairs = await VacancyStore(work.line).fairs_to_look_at(app.clock())
        tallies = await work.feedback.counts(app.clock().date())
    counted: Counter[str] = Counter()
    for name, _, number in tallies:
        counted[name] += number
    facts = {
        "people": people,
        "all_people": sum(row.people for row in people),
        "waiting": sum(number for (_, state), number in outbox.items() if state in _OPEN),
        "unknown": sum(number for (_, state), number in outbox.items() if state is State.UNKNOWN),
        "questions": len(questions),
        "most_questions": MOST_QUESTIONS,
        "counted": counted,
        "problems": len({one.file for one in app.library().problems if one.level == ERROR}),
        "due": len(due(app.library(), house.today)),
        "held": await house.desk.count("held") if house.desk else None,
        "reported": len(await house.desk.reported_open()) if house.desk else 0,
        "fairs": sum(one.fair.state == "held" for one in fairs),
        "changed": await house.announcer.uncorrected() if house.announcer else [],
        "month": await app.news.month(),
        "condition": await app.health.condition(),
        "version": app.library().version,
    }
    return house.show(visit, "today.html", facts)


async def content(house: House, visit: Visit) -> Response:
    """Every mistake in the content, with how to mend it."""
    level, text = visit.asked("level"), visit.asked("q").casefold()
    problems = await _checked(house)
    shown = [one for one in problems if level in {"", one.level} and text in f"{one.file} {one.message()}".casefold()]
    errors = sum(one.level == ERROR for one in problems)
    facts = {"errors": errors, "warnings": len(problems) - errors, "found": len(shown), "rows": shown[:MOST_ROWS]}
    return house.show(visit, "content.html", facts)


async def _checked(house: House) -> list[Problem]:
    """The check takes a second: once for each version of the content and day."""
    key = (house.app.library().version, house.today)
    if key not in house.checked:
        found = await asyncio.to_thread(check, house.app.settings.content, (), house.today)
        house.checked.clear()
        house.checked[key] = found
    return house.checked[key]


async def due_list(house: House, visit: Visit) -> Response:
    """What a person has to verify, topic by topic."""
    topic, state = visit.asked("topic"), visit.asked("state")
    rows = due(house.app.library(), house.today)
    shown = [row for row in rows if topic in {"", row.topic} and state in {"", str(row.state)}]
    facts = {"rows": shown, "total": len(rows), "topics": house.app.library().topics, "today": house.today}
    return house.show(visit, "due.html", facts)


async def unanswered(house: House, visit: Visit) -> Response:
    """Open questions in groups of the same subject; names and numbers were taken out before they were stored."""
    language, text = visit.asked("lang"), visit.asked("q").casefold()
    async with house.app.storage.view() as work:
        rows = await work.feedback.unanswered(MOST_QUESTIONS)
    texts = [said for _, spoken, said in rows if language in {"", spoken} and text in said.casefold()]
    groups = await asyncio.to_thread(cluster, texts)
    listed = [(group[0], len(group), list(dict.fromkeys(group[1:]))[:12]) for group in groups[:MOST_ROWS]]
    return house.show(visit, "unanswered.html", {"groups": listed, "found": len(texts), "total": len(rows)})


async def people(house: House, visit: Visit) -> Response:
    """How many people there are; never who."""
    async with house.app.storage.view() as work:
        rows = await work.people.counts()
    return house.show(visit, "people.html", {"rows": rows})
