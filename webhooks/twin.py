"""Pages for people without the app: the start page, the web twin of each article, the index, fairs as calendar files.

No JavaScript, at most 15 KB a page, printable. Every address is stable: notices and posters carry it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.app import App
from bot.library import render
from bot.library.article import Article
from bot.library.fairs import calendar
from webhooks.doors import PAGE_HEADERS

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True),
    trim_blocks=True,
    lstrip_blocks=True,
)
_MARKDOWN = MarkdownIt("zero").enable(["emphasis", "list", "link", "newline"])
Page = Callable[[Request], Awaitable[Response]]


def routes(app: App) -> list[Route]:
    """Every page, Spanish at the root and English below /en."""
    out = [
        Route("/", _start(app)),
        Route("/robots.txt", _robots(app)),
        Route("/sitemap.xml", _sitemap(app)),
        Route("/ferias/{slug}.ics", _calendar(app)),
    ]
    for language, root in (("es", ""), ("en", "/en")):
        out.append(Route(f"{root}/a", _index(app, language)))
        out.append(Route(f"{root}/a/{{topic}}", _index(app, language)))
        out.append(Route(f"{root}/a/{{topic}}/{{slug}}", _article(app, language)))
    return out


@lru_cache(maxsize=2048)
def _html(text: str) -> Markup:
    return Markup(_MARKDOWN.render(text))  # noqa: S704 - the renderer escapes everything but bold, lists and links


def page(template: str, status: int = 200, **facts: Any) -> Response:
    """One page from a template."""
    body = _PAGES.get_template(template).render(**facts)
    headers = {**PAGE_HEADERS, "Cache-Control": "public, max-age=300"}
    return HTMLResponse(body, status, headers)


def _common(app: App, language: str) -> dict[str, Any]:
    wording = app.wording
    return {
        "language": language,
        "root": "/en" if language == "en" else "",
        "public": app.settings.public_url,
        "say": lambda key, **values: wording.text(key, language, **values),
    }


def _start(app: App) -> Page:
    async def answer(_: Request) -> Response:
        return page("start.html", settings=app.settings, **_common(app, "es"))

    return answer


def _index(app: App, language: str) -> Page:
    async def answer(request: Request) -> Response:
        library = app.library()
        wanted = request.path_params.get("topic")
        topics = [topic for topic in library.topics if wanted in {None, topic}]
        if not topics:
            return page("missing.html", 404, **_common(app, language))
        listed = [(topic, library.in_topic(topic, language)) for topic in topics]
        other = ("/a" if language == "en" else "/en/a") + (f"/{wanted}" if wanted else "")
        return page("index.html", listed=listed, other=other, **_common(app, language))

    return answer


def _article(app: App, language: str) -> Page:
    async def answer(request: Request) -> Response:
        library, today = app.library(), app.library().country.today(app.clock())
        id_ = f"{request.path_params['topic']}/{request.path_params['slug']}"
        article = library.article(id_, language)
        if article is None:
            return page("missing.html", 404, **_common(app, language))
        facts = _facts(app, article, language)
        facts["state"] = str(render.freshness(article, today))
        return page("article.html", **facts, **_common(app, language))

    return answer


def _facts(app: App, article: Article, language: str) -> dict[str, Any]:
    wording, library = app.wording, app.library()
    sections = [(wording.text(f"section.{part.key}", language), _html(part.text)) for part in article.sections]
    related = [found for name in article.related if (found := library.article(name, language)) is not None]
    other = f"/a/{article.id}" if language == "en" else f"/en/a/{article.id}"
    here = f"{app.settings.public_url}{'/en' if language == 'en' else ''}/a/{article.id}"
    return {
        "article": article,
        "summary": _html(article.summary),
        "sections": sections,
        "related": related,
        "other": other,
        "source": render.source_line(article, wording, language=language),
        "sources": [(one.name, one.url, wording.as_of(one.as_of, language)) for one in article.sources],
        "share": "https://wa.me/?text=" + quote(f"{article.title} {here}"),
        "translated": article.language == language,
    }


def _calendar(app: App) -> Page:
    async def answer(request: Request) -> Response:
        fair = app.library().fair(request.path_params["slug"])
        if fair is None or (fair.example and not app.settings.simulator):
            return PlainTextResponse("no such fair", 404)
        headers = {"Content-Disposition": f'attachment; filename="{fair.id}.ics"'}
        return Response(calendar(fair, app.clock()), media_type="text/calendar; charset=utf-8", headers=headers)

    return answer


def _robots(app: App) -> Page:
    async def answer(_: Request) -> Response:
        lines = ["User-agent: *", "Disallow: /console", "Disallow: /simulator"]
        if app.settings.public_url:
            lines.append(f"Sitemap: {app.settings.public_url}/sitemap.xml")
        return PlainTextResponse("\n".join(lines) + "\n")

    return answer


def _sitemap(app: App) -> Page:
    async def answer(request: Request) -> Response:
        root = app.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"
        urls = [f"{root}{way}/a/{one.id}" for way, lang in (("", "es"), ("/en", "en")) for one in app.library().each(lang)]
        rows = "".join(f"<url><loc>{url}</loc></url>" for url in urls)
        body = f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</urlset>'
        return Response(body, media_type="application/xml")

    return answer
