"""What goes out to many: vacancies that wait for a decision, announcements with their plans.

Every decision carries the name of whoever is signed in. What cannot be done is said in words and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from starlette.responses import RedirectResponse, Response

from bot.alerts.vacancy import Vacancy
from bot.broadcasts.states import NotPossible
from bot.broadcasts.telling import reason_text
from bot.storage.broadcasts import Announcement
from console.house import House, Visit

ACTS = ("plan", "approve", "send", "pause", "resume", "cancel")


class Desk(Protocol):
    """The vacancy desk, as far as the console needs it."""

    async def list(self, state: str = "", limit: int = 200) -> Sequence[Vacancy]:
        """The newest vacancies of a state."""

    async def decide(self, vacancy_id: str, by: str, *, approve: bool) -> Vacancy | None:
        """Let a held vacancy out or turn it down; None when there is none of that number."""


class Announcer(Protocol):
    """The announcements, as far as the console needs them. Every method raises NotPossible."""

    async def newest(self) -> list[dict[str, Any]]: ...
    async def get(self, number: int) -> Announcement: ...
    async def show(self, number: int, *, unknown: int = 20) -> dict[str, Any]: ...
    async def plan(self, number: int, *, people: bool = False) -> dict[str, Any]: ...
    async def approve(self, number: int, by: str, plan_hash: str = "") -> Announcement: ...
    async def send(self, number: int, *, by: str = "") -> Announcement: ...
    async def pause(self, number: int) -> Announcement: ...
    async def resume(self, number: int) -> Announcement: ...
    async def cancel(self, number: int) -> Announcement: ...
    def explain(self, error: NotPossible, language: str = "es") -> str: ...


async def held(house: House, visit: Visit) -> Response:
    """The vacancies that wait for a person, with the reasons."""
    if house.desk is None:
        return house.problem("Vacantes", "Este proceso no recibe vacantes.", 404)
    reader, text = house.app.library().country, visit.asked("q").casefold()
    found = await house.desk.list("held")
    shown = [one for one in found if text in f"{one.title} {one.employer or ''} {one.partner}".casefold()]
    regions = {region.code: region.name for region in reader.regions}
    return house.show(visit, "vacancies.html", {"rows": shown, "total": len(found), "regions": regions})


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
    return house.show(visit, "broadcasts.html", {"rows": await house.announcer.newest()})


async def announcement(house: House, visit: Visit) -> Response:
    """One announcement: its plan as it would be approved, and how far it is."""
    return await _one(house, visit)


async def act(house: House, visit: Visit) -> Response:
    """Plan, approve, send, pause, resume or cancel one. What is sent is asked twice."""
    what = visit.form.get("act", "")
    if house.announcer is None or what not in ACTS:
        return house.problem("Eso no se puede", "Elige una de las acciones de la página.", 422)
    if what == "send" and visit.form.get("sure") != "yes":
        return await _one(house, visit, asking=True)
    try:
        if what == "approve":
            await house.announcer.approve(visit.id, visit.session.name, visit.form.get("hash", ""))
        elif what == "send":
            await _send(house.announcer, visit)
        else:
            await getattr(house.announcer, what)(visit.id)
    except NotPossible as error:
        return await _one(house, visit, house.announcer.explain(error), 409)
    return RedirectResponse(f"/console/broadcasts/{visit.id}", 303)


async def _send(announcer: Announcer, visit: Visit) -> None:
    """Send what was on the page that was confirmed, and nothing that was planned since."""
    one = await announcer.get(visit.id)
    if visit.form.get("hash", "") != one.plan_hash:
        raise NotPossible("other_plan")
    await announcer.send(visit.id, by=visit.session.name)


async def _one(house: House, visit: Visit, refusal: str = "", status: int = 200, *, asking: bool = False) -> Response:
    if house.announcer is None:
        return house.problem("Anuncios", "Este proceso no lleva anuncios.", 404)
    try:
        progress, one = await house.announcer.show(visit.id), await house.announcer.get(visit.id)
    except NotPossible as error:
        return house.problem("No está", house.announcer.explain(error), 404)
    plan: Mapping[str, Any] = one.plan or {}
    acts = _possible(one)
    facts = {"one": one, "plan": plan, "progress": progress, "refusal": refusal, "acts": acts}
    facts["reasons"] = [reason_text(each, house.app.wording) for each in progress["reasons"]]
    facts["asking"] = asking and "send" in acts
    return house.show(visit, "broadcast.html", facts, status)


def _possible(one: Announcement) -> Sequence[str]:
    """The acts that make sense now; the announcer has the last word."""
    if one.state == "paused" and one.started_at is None:
        return ("plan", "resume", "cancel")
    return {
        "draft": ("plan", "cancel"),
        "planned": ("plan", "approve", "cancel"),
        "approved": ("send", "plan", "cancel"),
        "scheduled": ("pause", "cancel"),
        "sending": ("pause", "cancel"),
        "paused": ("resume", "cancel"),
        "done": ("plan",),
    }.get(one.state, ())
