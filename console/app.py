"""The console's routes: who is not signed in goes to the login, a form that is not ours is refused.

`routes(app, desk=…, announcer=…)` is mounted by `webhooks.app`. Without a desk or an announcer their pages say so.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from bot.app import App
from bot.broadcasts.states import NotPossible
from bot.errors import BotError, Malformed, StaleState, StorageGone
from bot.secret_key import secret_keys
from console import news, overview
from console.access import COOKIE, LONGEST_TOKEN, SESSION_LASTS, Access, Session
from console.house import House, Visit
from console.news import Announcer, Desk
from webhooks.doors import TooLarge, body_of

Act = Callable[[House, Visit], Awaitable[Response]]
Page = Callable[[Request], Awaitable[Response]]
HOME = "/console"
LOGIN = "/console/login"
MOST_FIELDS = 50
"""Of one form; ours have at most five."""


def routes(app: App, *, desk: Desk | None = None, announcer: Announcer | None = None) -> list[Route]:
    """Every page and form below /console."""
    house = House(app, Access(secret_keys(app.settings)), desk, announcer)
    get: Mapping[str, Act] = {
        "": overview.today,
        "/content": overview.content,
        "/due": overview.due_list,
        "/unanswered": overview.unanswered,
        "/people": overview.people,
        "/vacancies": news.held,
        "/broadcasts": news.announcements,
        "/broadcasts/{id:int}": news.announcement,
    }
    post: Mapping[str, Act] = {
        "/logout": _leave,
        "/vacancies/{id:int}": news.decide,
        "/broadcasts/{id:int}": news.act,
    }
    out = [Route(LOGIN, _login(house)), Route(LOGIN, _enter(house), methods=["POST"])]
    out += [Route(HOME + path, _signed_in(house, act)) for path, act in get.items()]
    return out + [Route(HOME + path, _signed_in(house, act), methods=["POST"]) for path, act in post.items()]


def _signed_in(house: House, act: Act) -> Page:
    async def answer(request: Request) -> Response:
        cookie = request.cookies.get(COOKIE, "")
        session = await house.access.session(cookie, house.app.storage, house.app.clock())
        if session is None:
            return house.sealed(RedirectResponse(LOGIN, 303))
        form = await _form(request) if request.method == "POST" else {}
        if request.method == "POST" and not _ours(house, session, request, form):
            return house.problem("Este formulario ya no vale", "Vuelve a la página y pulsa el botón otra vez.", 403)
        return house.sealed(await act(house, Visit(request, session, form)))

    return _in_words(house, answer)


def _in_words(house: House, page: Page) -> Page:
    """The page, or what kept it from being made, told as it is."""

    @wraps(page)
    async def answer(request: Request) -> Response:
        try:
            return await page(request)
        except TooLarge:
            return house.problem("Demasiado texto", "El formulario es más grande de lo que aceptamos.", 413)
        except StorageGone:
            return house.problem(
                "Ahora no se puede", "La base de datos no responde. Intenta dentro de un momento.", 503
            )
        except StaleState:
            return house.problem("Eso no se puede", house.app.wording.text("news.no.meanwhile"), 409)
        except NotPossible as error:
            told = house.announcer.explain(error) if house.announcer else str(error)
            return house.problem("Eso no se puede", told, 409)
        except Malformed as error:
            return house.problem("Eso no se entiende", str(error), 422)
        except BotError as error:
            return house.problem("Eso no se pudo hacer", str(error), 500)

    return answer


def _ours(house: House, session: Session, request: Request, form: Mapping[str, str]) -> bool:
    """The form was made by us for this person, and the browser does not say that another site sent it."""
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    return house.access.is_form_mark(session, form.get("mark", ""))


async def _form(request: Request) -> dict[str, str]:
    raw = await body_of(request)
    try:
        return dict(parse_qsl(raw.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS))
    except ValueError as error:
        raise Malformed(f"El formulario tiene más de {MOST_FIELDS} campos.") from error


def _login(house: House) -> Page:
    async def answer(request: Request) -> Response:
        return house.page("login.html", {"code": request.query_params.get("code", "")[:LONGEST_TOKEN]})

    return answer


def _enter(house: House) -> Page:
    async def answer(request: Request) -> Response:
        form = await _form(request)
        cookie = await house.access.enter(_code(form.get("code", "")), house.app.storage, house.app.clock())
        if cookie is None:
            return house.page("login.html", {"code": "", "refused": True}, status=403)
        answer = house.sealed(RedirectResponse(HOME, 303))
        answer.set_cookie(
            COOKIE,
            cookie,
            max_age=int(SESSION_LASTS.total_seconds()),
            path=HOME,
            secure=house.https,
            httponly=True,
            samesite="strict",
        )
        return answer

    return _in_words(house, answer)


def _code(text: str) -> str:
    """The code, also out of the whole link."""
    return text.strip().rpartition("code=")[2]


async def _leave(house: House, visit: Visit) -> Response:
    await house.access.leave(visit.session, house.app.storage, house.app.clock())
    answer = RedirectResponse(LOGIN, 303)
    answer.delete_cookie(COOKIE, path=HOME, secure=house.https, httponly=True, samesite="strict")
    return answer
