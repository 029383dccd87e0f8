"""What goes out to many: vacancies that wait for a decision, announcements with their plans.

Every decision carries the name of whoever is signed in. What cannot be done is said in words and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from starlette.responses import RedirectResponse, Response

from bot.alerts.vacancy import Vacancy
from bot.broadcasts.states import BY_PEOPLE, NotPossible
from bot.broadcasts.telling import kind_text, reason_text, state_text, whom_text
from bot.storage.broadcasts import Announcement
from console.house import House, Visit

_SHOWN, _SEARCHED = 200, 5_000


class Desk(Protocol):
    """The vacancy desk, as far as the console needs it."""

    async def list(self, state: str = "", limit: int = 200) -> Sequence[Vacancy]:
        """The newest vacancies of a state."""

    async def count(self, state: str = "") -> int:
        """How many vacancies of a state there are."""

    async def reported_open(self) -> Sequence[tuple[Vacancy, int]]:
        """Vacancies that are still told though somebody reported them, with how many did."""

    async def report_counts(self) -> Mapping[str, int]:
        """Number of a vacancy to how many people reported it."""

    async def decide(self, vacancy_id: str, by: str, *, approve: bool) -> Vacancy | None:
        """Let a held vacancy out or turn it down; None when there is none of that number."""


class Announcer(Protocol):
    """The announcements, as far as the console needs them. Every method raises NotPossible."""

    async def newest(self) -> list[dict[str, Any]]: ...
    async def get(self, number: int) -> Announcement: ...
    async def show(self, number: int, *, unknown: int = 20) -> dict[str, Any]: ...
    async def plan(self, number: int, *, people: bool = False) -> dict[str, Any]: ...
    async def approve(self, number: int, by: str, plan_hash: str = "") -> Announcement: ...
    async def send(self, number: int, *, by: str = "", plan_hash: str = "") -> Announcement: ...
    async def pause(self, number: int) -> Announcement: ...
    async def resume(self, number: int) -> Announcement: ...
    async def cancel(self, number: int) -> Announcement: ...
    async def uncorrected(self) -> list[dict[str, Any]]: ...
    def leaves(self, one: Announcement) -> datetime | None: ...
    def explain(self, error: NotPossible, language: str = "es") -> str: ...
    @property
    def places(self) -> Mapping[str, str]: ...


async def held(house: House, visit: Visit) -> Response:
    """The vacancies that wait for a person, with the reasons, and those that people reported and are still told of."""
    if house.desk is None:
        return house.problem("Vacantes", "Este proceso no recibe vacantes.", 404)
    reader, text = house.app.library().country, visit.asked("q").casefold()
    found = await house.desk.list("held", _SEARCHED if text else _SHOWN)
    facts = {
        "rows": [one for one in found if text in _words(one)],
        "total": await house.desk.count("held"),
        "reported": [one for one, _ in await house.desk.reported_open() if text in _words(one)],
        "reports": await house.desk.report_counts(),
        "regions": {region.code: region.name for region in reader.regions},
    }
    return house.show(visit, "vacancies.html", facts)


def _words(one: Vacancy) -> str:
    return f"{one.title} {one.employer or ''} {one.partner}".casefold()


async def decide(house: House, visit: Visit) -> Response:
    """Approve or reject one."""
    decision = visit.form.get("decision", "")
    if house.desk is None or decision not in {"approve", "reject"}:
        return house.problem("Eso no se puede", "Elige aprobar o rechazar.", 422)
    done = await house.desk.decide(str(visit.id), visit.session.name, approve=decision == "approve")
    if done is None:
        return house.problem("No está", "Esa vacante ya no existe.", 404)
    return RedirectResponse("/console/vacancies", 303)


async def announcements(house: House, visit: Visit) -> Response:
    """The newest announcements."""
    if house.announcer is None:
        return house.problem("Anuncios", "Este proceso no lleva anuncios.", 404)
    rows, say = await house.announcer.newest(), house.app.wording
    told = [{**one, "words": state_text(one, say), "what": kind_text(one, say)} for one in rows]
    return house.show(visit, "broadcasts.html", {"rows": told, "changed": await house.announcer.uncorrected()})


async def announcement(house: House, visit: Visit) -> Response:
    """One announcement: its plan as it would be approved, and how far it is."""
    return await _one(house, visit)


async def act(house: House, visit: Visit) -> Response:
    """Plan, approve, send, pause, resume or cancel one. What is sent is asked twice."""
    what = visit.form.get("act", "")
    if house.announcer is None or what not in BY_PEOPLE:
        return house.problem("Eso no se puede", "Elige una de las acciones de la página.", 422)
    if what == "send" and visit.form.get("sure") != "yes":
        return await _one(house, visit, asking=True)
    try:
        if what == "approve":
            await house.announcer.approve(visit.id, visit.session.name, _seen(visit))
        elif what == "send":
            await house.announcer.send(visit.id, by=visit.session.name, plan_hash=_seen(visit))
        else:
            await getattr(house.announcer, what)(visit.id)
    except NotPossible as error:
        return await _one(house, visit, house.announcer.explain(error), 409)
    return RedirectResponse(f"/console/broadcasts/{visit.id}", 303)


def _seen(visit: Visit) -> str:
    """The plan that stood on the page, and no other: something that no plan begins with, when there was none."""
    return visit.form.get("hash", "") or "-"


async def _one(house: House, visit: Visit, refusal: str = "", status: int = 200, *, asking: bool = False) -> Response:
    if house.announcer is None:
        return house.problem("Anuncios", "Este proceso no lleva anuncios.", 404)
    try:
        progress, one = await house.announcer.show(visit.id), await house.announcer.get(visit.id)
    except NotPossible as error:
        return house.problem("No está", house.announcer.explain(error), 404)
    asking, leaves = asking and "send" in progress["acts"], None
    if asking:
        try:
            leaves = house.announcer.leaves(one)
        except NotPossible as error:
            asking, refusal, status = False, house.announcer.explain(error), 409
    return house.show(visit, "broadcast.html", _facts(house, progress, one, refusal, asking, leaves), status)


def _facts(
    house: House, progress: Mapping[str, Any], one: Announcement, refusal: str, asking: bool, leaves: datetime | None
) -> dict[str, Any]:
    """What stands on the page of one announcement. `leaves`: when it would go out, if not at once."""
    say, places = house.app.wording, house.announcer.places if house.announcer else {}
    return {
        "one": one,
        "plan": one.plan or {},
        "progress": progress,
        "refusal": refusal,
        "acts": progress["acts"],
        "reasons": [reason_text(each, say) for each in progress["reasons"]],
        "asking": asking,
        "leaves": leaves,
        "state": state_text(progress, say),
        "kind": kind_text(progress, say),
        "whom": whom_text(progress, say, "es", places),
    }
