"""What every page of the console shares: the parts of the program it looks at, the templates, the headers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.app import App
from console.access import Access, Session
from webhooks.doors import PAGE_HEADERS
from webhooks.twin import templates

if TYPE_CHECKING:
    from bot.library.problems import Problem
    from console.news import Announcer, Desk

_PAGES = templates(Path(__file__).parent / "templates")
CHANNELS = {"telegram": "Telegram", "whatsapp": "WhatsApp"}
MENU = (
    ("", "Hoy"),
    ("/content", "Contenido"),
    ("/due", "Por verificar"),
    ("/unanswered", "Sin respuesta"),
    ("/vacancies", "Vacantes"),
    ("/broadcasts", "Anuncios"),
    ("/people", "Personas"),
)


def named(channel: str) -> str:
    """The channel as people write it."""
    return CHANNELS.get(channel, channel)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in; `form` is empty unless it was posted."""

    request: Request
    session: Session
    form: Mapping[str, str]

    def asked(self, name: str) -> str:
        """A filter of the page, as it was typed."""
        return self.request.query_params.get(name, "").strip()[:80]

    @property
    def id(self) -> int:
        """The number in the address; 0, which is nobody's, for one that no database can hold."""
        number = int(self.request.path_params["id"])
        return number if number < 2**63 else 0


@dataclass(slots=True)
class House:
    """The console of one process."""

    app: App
    access: Access
    desk: Desk | None
    announcer: Announcer | None
    checked: dict[tuple[str, date], list[Problem]] = field(default_factory=dict)

    @property
    def https(self) -> bool:
        """People reach us over https, so cookies must not go any other way."""
        return self.app.settings.public_url.startswith("https://")

    @property
    def today(self) -> date:
        """The day at home."""
        return self.app.library().country.today(self.app.clock())

    def show(self, visit: Visit, template: str, facts: Mapping[str, Any], status: int = 200) -> Response:
        """A page for somebody who is signed in."""
        here = "/console" + visit.request.url.path.removeprefix("/console")
        mark = self.access.form_mark(visit.session)
        shared = {"session": visit.session, "mark": mark, "menu": MENU, "here": here, "asked": visit.asked}
        return self.page(template, {**shared, **facts}, status)

    def page(self, template: str, facts: Mapping[str, Any], status: int = 200) -> Response:
        """A page for anybody."""
        say = self.app.wording
        tools = {"say": say.text, "has": say.has, "date": say.date, "moment": self.moment, "named": named}
        return self.sealed(HTMLResponse(_PAGES.get_template(template).render(**tools, **facts), status))

    def problem(self, title: str, text: str, status: int) -> Response:
        """A page that says what cannot be done and what to do instead."""
        return self.page("problem.html", {"title": title, "text": text}, status)

    def sealed(self, answer: Response) -> Response:
        """The same with the headers that every answer of the console has."""
        answer.headers.update(PAGE_HEADERS)
        answer.headers["Cache-Control"] = "no-store"
        answer.headers["X-Frame-Options"] = "DENY"
        answer.headers["X-Robots-Tag"] = "noindex"
        if self.https:
            answer.headers["Strict-Transport-Security"] = "max-age=31536000"
        return answer

    def moment(self, at: datetime | str | None) -> str:
        """A moment as the team reads it."""
        if not at:
            return "—"
        when = datetime.fromisoformat(at) if isinstance(at, str) else at
        return f"{self.app.wording.date(when)}, {self.app.wording.hour(when)}"
