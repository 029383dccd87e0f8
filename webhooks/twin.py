"""Pages for people without the app: the start page, the web twin of each article, the index, fairs as calendar files.

No JavaScript, at most 15 KB a page, printable. Addresses never change, because notices and posters carry them. A page
says no more than the article: what is withdrawn in the chat is withdrawn here.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, select_autoescape
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.app import App
from bot.channels import formatting
from bot.library import render
from bot.library.article import Article
from bot.library.fairs import calendar
from webhooks.doors import PAGE_HEADERS

HERE = Path(__file__).parent
LONGEST_DESCRIPTION = 155
"""Characters of the description that a search engine shows."""
ROOTS = {"es": "", "en": "/en"}
_OURS = re.compile(r"/?(?:en/)?(?:a/)?([a-z0-9-]+/[a-z0-9-]+)(?:\.md)?/?(#.*)?")
_URL = re.compile(r"https?://[^\s<]*[^\s<.,;:)]")

Page = Callable[[Request], Awaitable[Response]]


@cache
def asset(name: str) -> str:
    """The address of a static file; it changes with the file, so that nobody keeps an old one."""
    return f"/static/{name}?v={sha256((HERE / 'static' / name).read_bytes()).hexdigest()[:8]}"


def templates(folder: Path) -> Environment:
    """The templates of a folder; every value that is put in is escaped."""
    made = Environment(
        loader=FileSystemLoader(folder),
        autoescape=select_autoescape(default=True),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = asset
    return made


_PAGES = templates(HERE / "templates")


def routes(app: App) -> list[Route]:
    """Every page, Spanish at the root and English below /en."""
    out = [
        Route("/", _start(app)),
        Route("/robots.txt", _robots(app)),
        Route("/sitemap.xml", _sitemap(app)),
        Route("/ferias/{slug}.ics", _calendar(app)),
    ]
    for language, root in ROOTS.items():
        out.append(Route(f"{root}/a", _index(app, language)))
        out.append(Route(f"{root}/a/{{topic}}", _index(app, language)))
        out.append(Route(f"{root}/a/{{topic}}/{{slug}}", _article(app, language)))
    return out


def public_root(app: App, request: Request) -> str:
    """The address by which the world reaches us: the one in the settings, else the one that was called."""
    return app.settings.public_url or f"{request.url.scheme}://{request.url.netloc}"


def _page(template: str, facts: Mapping[str, Any], status: int = 200) -> Response:
    body = _PAGES.get_template(template).render(facts)
    return HTMLResponse(body, status, {**PAGE_HEADERS, "Cache-Control": "public, max-age=300"})


def _common(app: App, language: str) -> dict[str, Any]:
    wording = app.wording
    return {
        "language": language,
        "other_language": "es" if language == "en" else "en",
        "root": ROOTS[language],
        "say": lambda key, **values: wording.text(key, language, **values),
    }


def _links(app: App, request: Request, way: str, language: str, there: Sequence[str]) -> dict[str, Any]:
    """Where the page stands in each language that has it: for the switch, for search engines."""
    host = public_root(app, request)
    of = {each: f"{host}{ROOTS[each]}{way}" for each in there}
    here = of.get(language) or of["es"]
    alternates = [*of.items(), ("x-default", of["es"])] if len(of) > 1 else []
    other = "es" if language == "en" else "en"
    return {"canonical": here, "alternates": alternates, "other": f"{ROOTS[other]}{way}"}


def _start(app: App) -> Page:
    async def answer(request: Request) -> Response:
        library, say = app.library(), app.wording.text
        listed = [(topic, library.in_topic(topic, "es")) for topic in library.topics]
        told = {"heading": say("page.start"), "description": say("page.about"), "kind": "website"}
        facts = {"settings": app.settings, "listed": listed, "other": "/en/a"}
        return _page("start.html", _common(app, "es") | _links(app, request, "/", "es", ("es",)) | told | facts)

    return answer


def _index(app: App, language: str) -> Page:
    async def answer(request: Request) -> Response:
        library, wanted = app.library(), request.path_params.get("topic")
        topics = [topic for topic in library.topics if wanted in {None, topic}]
        if not topics:
            return _page("missing.html", _common(app, language), 404)
        listed = [(topic, library.in_topic(topic, language)) for topic in topics]
        say = app.wording.text
        heading = say(f"topic.{wanted}", language) if wanted else say("page.index", language)
        told = {"heading": heading, "description": say("page.about", language), "kind": "website", "wanted": wanted}
        links = _links(app, request, f"/a/{wanted}" if wanted else "/a", language, tuple(ROOTS))
        return _page("index.html", _common(app, language) | links | told | {"listed": listed})

    return answer


def _article(app: App, language: str) -> Page:
    async def answer(request: Request) -> Response:
        id_ = f"{request.path_params['topic']}/{request.path_params['slug']}"
        article = app.library().article(id_, language)
        if article is None:
            return _page("missing.html", _common(app, language), 404)
        english = app.library().article(id_, "en")
        there = ("es", "en") if english is not None and english.language == "en" else ("es",)
        links = _links(app, request, f"/a/{id_}", language, there)
        facts = _facts(app, article, language) | _share(article, links["canonical"])
        return _page("article.html", _common(app, language) | links | facts)

    return answer


def _facts(app: App, article: Article, language: str) -> dict[str, Any]:
    wording, library, root = app.wording, app.library(), ROOTS[language]
    sections = [
        (part.key, wording.text(f"section.{part.key}", language), _html(part.text, root)) for part in article.sections
    ]
    related = [found for name in article.related if (found := library.article(name, language)) is not None]
    state = str(render.freshness(article, library.country.today(app.clock())))
    return {
        "article": article,
        "state": state,
        "stale": _linked(wording.text("stale.warning", language, url=article.official)),
        "withdrawn": _linked(wording.text("stale.withdrawn", language, url=article.official)),
        "summary": _html(article.summary, root),
        "sections": sections,
        "related": related,
        "source": render.source_line(article, wording, language=language),
        "sources": [(one, wording.as_of(one.as_of, language)) for one in article.sources],
        "checked": _checked(app, article, language),
        "review": wording.date(article.review_by, language),
        "heading": article.title,
        "description": _description(app, article, language, state),
        "kind": "article",
    }


def _checked(app: App, article: Article, language: str) -> str:
    if article.verified is None:
        return app.wording.text("source.not_verified", language)
    return app.wording.text("source.was_verified", language, day=app.wording.date(article.verified.on, language))


def _description(app: App, article: Article, language: str, state: str) -> str:
    if state == render.Freshness.WITHDRAWN:
        return app.wording.text("page.about", language)
    return render.shortened(" ".join(formatting.to_plain(article.summary).split()), LONGEST_DESCRIPTION)


def _share(article: Article, link: str) -> dict[str, str]:
    return {
        "whatsapp": "https://wa.me/?text=" + quote(f"{article.title} {link}", safe=""),
        "telegram": f"https://t.me/share/url?url={quote(link, safe='')}&text={quote(article.title, safe='')}",
    }


@lru_cache(maxsize=2048)
def _html(text: str, root: str) -> Markup:
    return Markup(_MARKDOWN.render(text, {"root": root}))  # noqa: S704 - all but bold, lists and links is escaped


def _linked(text: str) -> Markup:
    """A sentence of ours with its addresses as links."""
    out, at = Markup(), 0
    for found in _URL.finditer(text):
        url = found[0]
        out += Markup("{}<a href='{}' rel='nofollow noopener'>{}</a>").format(text[at : found.start()], url, url)
        at = found.end()
    return out + text[at:]


def _link_open(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """Articles speak of each other as topic/slug; everything else leads out."""
    token = tokens[index]
    ours = _OURS.fullmatch(str(token.attrGet("href")))
    if ours:
        token.attrSet("href", f"{env['root']}/a/{ours[1]}{ours[2] or ''}")
    else:
        token.attrSet("rel", "noopener")
    return renderer.renderToken(tokens, index, options, env)


_MARKDOWN = MarkdownIt("zero").enable(["emphasis", "list", "link", "newline"])
_MARKDOWN.add_render_rule("link_open", _link_open)


def _calendar(app: App) -> Page:
    async def answer(request: Request) -> Response:
        fair = app.library().fair(request.path_params["slug"])
        if fair is None or fair.status == "draft" or (fair.example and not app.settings.simulator):
            return _page("missing.html", _common(app, "es"), 404)
        headers = {"Content-Disposition": f'attachment; filename="{fair.id}.ics"'}
        return Response(calendar(fair, app.clock()), media_type="text/calendar; charset=utf-8", headers=headers)

    return answer


def _robots(app: App) -> Page:
    async def answer(request: Request) -> Response:
        lines = ["User-agent: *", "Disallow: /console", "Disallow: /simulator", "Disallow: /metrics"]
        lines.append(f"Sitemap: {public_root(app, request)}/sitemap.xml")
        return PlainTextResponse("\n".join(lines) + "\n")

    return answer


def _sitemap(app: App) -> Page:
    async def answer(request: Request) -> Response:
        library, host = app.library(), public_root(app, request)
        translated = {one.id for one in library.articles("en")}
        ways = [("/a", True), *((f"/a/{topic}", True) for topic in library.topics)]
        ways += [(f"/a/{one.id}", one.id in translated) for one in library.articles("es")]
        rows = [f"<url><loc>{host}/</loc></url>"]
        for way, both in ways:
            rows += [_entry(host, way, language, both) for language in (ROOTS if both else ("es",))]
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n'
            + "\n".join(rows)
            + "\n</urlset>\n"
        )
        return Response(body, media_type="application/xml")

    return answer


def _entry(host: str, way: str, language: str, both: bool) -> str:
    others = ROOTS.items() if both else ()
    links = "".join(f'<xhtml:link rel="alternate" hreflang="{tag}" href="{host}{root}{way}"/>' for tag, root in others)
    return f"<url><loc>{host}{ROOTS[language]}{way}</loc>{links}</url>"
