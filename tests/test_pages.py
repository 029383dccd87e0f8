"""The web twin: every page that a person without the app can open, made from the real content."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

import httpx
import pytest
from starlette.applications import Starlette

from bot.library.article import LANGUAGES
from bot.library.library import Library
from bot.library.load import load
from bot.settings import Settings
from bot.wording import Wording
from tests.conftest import Clock
from tests.library_files import write_content
from webhooks import twin

CONTENT = Path(__file__).resolve().parent.parent / "content"
LARGEST = 15 * 1024
STATIC = Path(twin.__file__).parent / "static"


@cache
def real_library() -> Library:
    return load(CONTENT).library


@cache
def real_words() -> Wording:
    return Wording.read(CONTENT)


@dataclass
class Front:
    """As much of the program as pages need: real content, no database."""

    content: Path
    clock: Clock
    settings: Settings
    read: Library

    @property
    def wording(self) -> Wording:
        return real_words()

    def library(self) -> Library:
        return self.read


def settings(**given) -> Settings:
    return Settings(_env_file=None, public_url="https://rumbo.example", **given)


def visitor(front: Front) -> httpx.AsyncClient:
    web = Starlette(routes=twin.routes(front))
    return httpx.AsyncClient(transport=httpx.ASGITransport(web), base_url="https://rumbo.example")


@pytest.fixture
async def reader(clock: Clock) -> AsyncIterator[httpx.AsyncClient]:
    front = Front(CONTENT, clock, settings(simulator=True), real_library())
    async with visitor(front) as client:
        yield client


@pytest.mark.parametrize("language", LANGUAGES)
async def test_every_article_has_a_small_page_without_script_that_says_where_it_comes_from(reader, language):
    css = (STATIC / "pages.css").stat().st_size
    articles = real_library().articles(language)
    assert len(articles) >= 80

    for one in articles:
        way = f"{'/en' if language == 'en' else ''}/a/{one.id}"
        answer = await reader.get(way)

        text = answer.text
        assert answer.status_code == 200, way
        assert len(answer.content) + css <= LARGEST, f"{way}: {len(answer.content) + css} bytes with its style"
        assert not re.search(r"<script|<style|style=|\son\w+=", text), way
        assert f'<html lang="{language}">' in text
        assert f'<link rel="canonical" href="https://rumbo.example{way}">' in text
        for tag, root in (("es", ""), ("en", "/en"), ("x-default", "")):
            assert f'<link rel="alternate" hreflang="{tag}" href="https://rumbo.example{root}/a/{one.id}">' in text
        described = re.search(r'<meta name="description" content="([^"]+)"', text)
        assert described, way
        assert 40 <= len(described[1]) <= 200, f"{way}: {described[1]}"
        assert "**" not in text, way
        assert "{{" not in text, way
        assert one.sources[0].name.replace("&", "&amp;") in text
        assert f'<time datetime="{one.sources[0].as_of}">' in text
        assert "https://wa.me/?text=" in text
        assert text.count("<h1>") == 1


async def test_every_link_of_every_page_inside_rumbo_leads_to_a_page(reader):
    seen: set[str] = set()
    waiting = {"/", "/a", "/en/a"}
    while waiting:
        way = waiting.pop()
        seen.add(way)
        answer = await reader.get(way)
        assert answer.status_code == 200, way
        found = set(re.findall(r'href="(/(?:en/)?a[^"#]*)"', answer.text))
        waiting |= found - seen

    assert len(seen) > 160


async def test_parts_of_a_page_are_reached_by_their_anchors(reader):
    text = (await reader.get("/a/regularizacion/carne-extranjeria")).text

    anchors = re.findall(r'<a href="#(\w+)">', text)
    assert anchors
    assert all(f'<h2 id="{anchor}">' in text for anchor in anchors)


async def test_a_page_may_load_nothing_from_elsewhere(reader):
    answer = await reader.get("/a/regularizacion/cpp")

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert set(re.findall(r'(?:src|<link rel="(?:icon|stylesheet)" href)="([^"]+)"', answer.text)) == {
        "/static/mark.svg",
        twin.asset("pages.css"),
    }


async def test_the_index_lists_every_topic_and_article(reader):
    text = (await reader.get("/a")).text

    assert all(f'href="/a/{one.id}"' in text for one in real_library().articles("es"))
    assert all(f'id="{topic}"' in text for topic in real_library().topics)


async def test_one_topic_has_a_page_of_its_own(reader):
    text = (await reader.get("/en/a/proteccion")).text

    assert 'href="/en/a/proteccion/violencia"' in text
    assert 'href="/en/a/titulos/medicos"' not in text
    assert 'href="/a/proteccion" hreflang="es"' in text


@pytest.mark.parametrize("way", ["/a/nada", "/a/regularizacion/nada", "/en/a/x/y", "/a/%00/%ff", "/ferias/nada.ics"])
async def test_an_address_that_leads_nowhere_gets_a_page_that_leads_on(reader, way):
    answer = await reader.get(way)

    assert answer.status_code == 404
    assert 'href="/a"' in answer.text or 'href="/en/a"' in answer.text
    assert "noindex" in answer.text


async def test_search_engines_find_every_page_in_both_languages(reader):
    robots = (await reader.get("/robots.txt")).text
    tree = ET.fromstring((await reader.get("/sitemap.xml")).text)

    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    urls = {url.text for url in tree.findall("s:url/s:loc", names)}
    assert "Sitemap: https://rumbo.example/sitemap.xml" in robots
    assert "Disallow: /console" in robots
    for language, root in (("es", ""), ("en", "/en")):
        assert {f"https://rumbo.example{root}/a/{one.id}" for one in real_library().articles(language)} <= urls
    assert len(tree.findall("s:url/x:link", names)) == 2 * (len(urls) - 1)


async def test_an_invented_fair_has_a_calendar_file_only_where_things_are_tried_out(clock):
    for simulator, status in ((True, 200), (False, 404)):
        async with visitor(Front(CONTENT, clock, settings(simulator=simulator), real_library())) as reader:
            answer = await reader.get("/ferias/2027-02-18-lima-ejemplo.ics")

        assert answer.status_code == status
    assert (await _calendar(clock)).startswith("BEGIN:VCALENDAR")


async def _calendar(clock: Clock) -> str:
    async with visitor(Front(CONTENT, clock, settings(simulator=True), real_library())) as reader:
        answer = await reader.get("/ferias/2027-02-18-lima-ejemplo.ics")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert 'filename="2027-02-18-lima-ejemplo.ics"' in answer.headers["content-disposition"]
    return answer.text


async def test_a_page_past_its_date_warns_and_later_shows_only_the_official_link(clock):
    one = real_library().article("regularizacion/cpp")
    front = Front(CONTENT, clock, settings(), real_library())
    texts = {}
    for name, days in (("fresh", 0), ("stale", 1), ("withdrawn", 91)):
        clock.advance((one.review_by - clock.now.date()).days * 86400 + days * 86400)
        async with visitor(front) as reader:
            texts[name] = (await reader.get("/a/regularizacion/cpp")).text

    warning = "puede haber cambiado"
    assert warning not in texts["fresh"]
    assert warning in texts["stale"]
    assert 'id="requisitos"' in texts["stale"]
    assert 'id="requisitos"' not in texts["withdrawn"]
    assert one.official in texts["withdrawn"]
    assert "noindex" in texts["withdrawn"]
    assert one.summary[:30] not in texts["withdrawn"]


async def test_without_a_translation_the_spanish_page_says_so_and_is_the_one_to_be_found(clock, tmp_path):
    folder = write_content(tmp_path)
    (folder / "en/regularizacion/carne.md").unlink()
    async with visitor(Front(folder, clock, settings(), load(folder).library)) as reader:
        text = (await reader.get("/en/a/regularizacion/carne")).text

    assert real_words().text("language.only_spanish", "en") in text
    assert '<link rel="canonical" href="https://rumbo.example/a/regularizacion/carne">' in text
    assert '<article lang="es">' in text
    assert 'hreflang="x-default"' not in text


async def test_what_stands_in_a_file_is_never_put_into_the_page_as_html(clock, tmp_path):
    folder = write_content(tmp_path)
    file = folder / "es/regularizacion/carne.md"
    file.write_text(file.read_text("utf-8").replace("title: El papel", "title: <b>x</b> papel"), "utf-8")
    async with visitor(Front(folder, clock, settings(), load(folder).library)) as reader:
        page = (await reader.get("/a/regularizacion/carne")).text

    assert "<b>x</b>" not in page
    assert "&lt;b&gt;x&lt;/b&gt;" in page


async def test_articles_link_to_each_other_in_the_language_of_the_page(clock, tmp_path):
    folder = write_content(tmp_path)
    async with visitor(Front(folder, clock, settings(), load(folder).library)) as reader:
        for root in ("", "/en"):
            page = (await reader.get(f"{root}/a/regularizacion/carne")).text

            assert f'<a href="{root}/a/titulos/apostilla">' in page


async def test_a_verified_article_says_by_when_it_was_confirmed(clock, tmp_path):
    folder = write_content(tmp_path)
    file = folder / "es/regularizacion/carne.md"
    file.write_text(
        file.read_text("utf-8").replace("verified: null", "verified: {on: 2026-11-20, by: Rosa Paz}"), "utf-8"
    )
    async with visitor(Front(folder, clock, settings(), load(folder).library)) as reader:
        page = (await reader.get("/a/regularizacion/carne")).text

    assert "20 nov 2026" in page
    assert "Rosa" not in page
