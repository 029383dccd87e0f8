"""The simulator in a real browser against the real program on a real port, on a desk and on a phone of 360 pixels."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.road_kit import environment_of, kept_port

CHROMIUM = Path("/usr/bin/chromium")
ROOT = Path(__file__).resolve().parent.parent
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
QUESTION = "cómo saco el carné de extranjería?"
ARTICLE = "regularizacion/carne-extranjeria"
PATIENCE = 15_000
WIDTHS = {"desk": (1280, 860), "phone": (360, 720)}

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The program as `rumbo run` starts it, with the simulator, on a port of its own."""
    var = tmp_path_factory.mktemp("browser")
    with kept_port() as port, (var / "log").open("wb") as log:
        asked = environment_of(VAR=var, CONTENT=_content_of_today(var), PORT=port, SIMULATOR=1, ENCODER="off")
        program = subprocess.Popen([sys.executable, "-m", "bot", "run"], cwd=var, env=asked, stdout=log, stderr=log)
        try:
            _wait_until_alive(f"http://127.0.0.1:{port}", program, var / "log")
            yield f"http://127.0.0.1:{port}"
        finally:
            program.send_signal(signal.SIGTERM)
            program.wait(30)


def _content_of_today(folder: Path) -> Path:
    """A copy of the content that was reviewed whenever the tests run."""
    copied = Path(shutil.copytree(ROOT / "content", folder / "content"))
    soon = f"review_by: {datetime.now(UTC).date() + timedelta(days=120)}"
    for file in copied.rglob("*.md"):
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"^review_by: [-\d]+$", soon, text, flags=re.MULTILINE), encoding="utf-8")
    return copied


def _wait_until_alive(address: str, program: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 90
    while time.monotonic() < until:
        assert program.poll() is None, log.read_text("utf-8", "replace")[-2000:]
        try:
            httpx.get(address + "/health/live", timeout=1).raise_for_status()
        except httpx.HTTPError:
            program.poll()
            continue
        return
    pytest.fail("the program did not start: " + log.read_text("utf-8", "replace")[-2000:])


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.fail(f"{CHROMIUM} is missing: run .ci/run, which installs it")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@dataclass
class Somebody:
    """A person in front of the simulator, and what the browser complained about."""

    page: Page
    width: int
    complaints: list[str] = field(default_factory=list)

    def ask(self, text: str) -> None:
        self.page.get_by_label("Mensaje", exact=True).fill(text)
        self.page.keyboard.press("Enter")

    def last(self):
        return self.page.locator("#chat .bot").last

    def look_inside(self) -> None:
        """On a phone the inspector is a page of its own."""
        if self.width < 860:
            self.page.get_by_role("button", name="Abrir el inspector").click()

    def look_back(self) -> None:
        if self.width < 860:
            self.page.get_by_role("button", name="Volver al teléfono").click()


@pytest.fixture(params=list(WIDTHS))
def somebody(request: pytest.FixtureRequest, browser: Browser, site: str) -> Iterator[Somebody]:
    width, height = WIDTHS[request.param]
    context = browser.new_context(
        viewport={"width": width, "height": height}, has_touch=width < 860, is_mobile=width < 860, locale="es-PE"
    )
    page = context.new_page()
    one = Somebody(page, width)
    page.set_default_timeout(PATIENCE)
    page.on("console", lambda said: one.complaints.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: one.complaints.append(str(error)))
    page.on("requestfailed", lambda call: one.complaints.append(call.url))
    page.goto(site + "/simulator")
    one.look_inside()
    page.get_by_role("button", name="Otra persona").click()
    one.look_back()
    yield one
    context.close()


def test_a_question_is_answered_with_date_and_source_and_can_be_followed_in_both_apps(somebody):
    page = somebody.page

    somebody.ask(QUESTION)
    expect(somebody.last()).to_contain_text("Carné de extranjería", timeout=PATIENCE)
    expect(somebody.last()).to_contain_text(re.compile(r"Fuente: .+ · dato de (\w+ )?\d{4}"))
    expect(page.locator("#chat .me")).to_contain_text(QUESTION)

    somebody.last().get_by_role("button", name="Requisitos").click()
    expect(somebody.last()).to_contain_text("Carné de extranjería: Requisitos", timeout=PATIENCE)

    somebody.look_inside()
    expect(page.locator("#article")).to_have_text(ARTICLE)
    expect(page.locator("#state")).to_contain_text(ARTICLE)
    expect(page.locator("#stored")).to_contain_text("telegram")
    expect(page.locator("#stored")).not_to_contain_text("extranjería")
    somebody.look_back()

    page.get_by_role("button", name="WhatsApp").click()
    expect(page.locator("#chat")).to_contain_text("Escribe como lo haría una persona")
    somebody.ask(QUESTION)
    expect(somebody.last()).to_contain_text("1. Requisitos", timeout=PATIENCE)
    somebody.ask("2")
    expect(somebody.last()).to_contain_text("Carné de extranjería: Pasos", timeout=PATIENCE)
    somebody.last().get_by_role("button", name="Ver opciones").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.get_by_role("dialog").get_by_role("button", name="Costo").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(somebody.last()).to_contain_text("Carné de extranjería: Costo", timeout=PATIENCE)

    page.get_by_role("button", name="Telegram").click()
    expect(somebody.last()).to_contain_text("Carné de extranjería: Requisitos")
    assert somebody.complaints == []


def test_the_clock_moves_for_the_whole_program(somebody, site):
    page = somebody.page
    somebody.look_inside()
    expect(page.locator("#now")).to_have_attribute("datetime", re.compile("^20"))
    before = page.locator("#now").get_attribute("datetime")

    page.get_by_role("button", name="+1 día").click()

    page.wait_for_function(
        "before => document.getElementById('now').dateTime.slice(0, 10) > before.slice(0, 10)", arg=before
    )
    told = httpx.get(site + "/simulator/api/screen", params={"person": "x"}).json()["now"]
    assert told[:10] > before[:10]
    somebody.look_back()
    expect(page.locator("#chat")).to_contain_text("El reloj avanzó 1 día")
    assert somebody.complaints == []


def test_nothing_is_wider_than_the_screen_and_fields_do_not_zoom(somebody):
    page = somebody.page
    somebody.ask(QUESTION)
    expect(somebody.last()).to_contain_text("Fuente", timeout=PATIENCE)
    for look in (lambda: None, somebody.look_inside):
        look()

        assert page.evaluate("document.documentElement.scrollWidth") <= somebody.width
        sizes = page.evaluate(
            "[...document.querySelectorAll('input')].map(i => parseFloat(getComputedStyle(i).fontSize))"
        )
        assert min(sizes) >= 16
    small = page.evaluate(
        "[...document.querySelectorAll('button')].map(b => [b.textContent.trim() || b.ariaLabel, b.getBoundingClientRect()])"
        ".filter(([, r]) => r.width && (r.height < 36 || r.width < 36)).map(([name]) => name)"
    )
    assert small == []


def test_everything_can_be_done_with_the_keyboard_and_the_focus_is_seen(somebody):
    page = somebody.page
    somebody.ask(QUESTION)
    expect(somebody.last()).to_contain_text("Fuente", timeout=PATIENCE)

    button = somebody.last().get_by_role("button", name="Costo")
    button.focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    page.keyboard.press("Enter")

    assert outline == "solid"
    expect(somebody.last()).to_contain_text("Carné de extranjería: Costo", timeout=PATIENCE)
    assert page.locator("#chat").get_attribute("aria-live") == "polite"
    page.get_by_role("button", name="Adjuntar").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Voz")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Voz")).to_be_hidden()


def test_a_photo_or_a_voice_note_is_not_met_with_silence(somebody):
    page = somebody.page
    for kind in ("Foto", "Voz", "Sticker", "Lugar", "Archivo"):
        answers = page.locator("#chat .bot").count()
        page.get_by_role("button", name="Adjuntar").click()
        page.get_by_role("button", name=kind, exact=True).click()
        expect(page.locator("#chat .bot")).to_have_count(answers + 1, timeout=PATIENCE)
    assert somebody.complaints == []


def test_the_words_of_a_person_never_become_part_of_the_page(somebody):
    page = somebody.page
    somebody.ask("<img src=x onerror=alert(1)> <b>hola</b>")
    expect(page.locator("#chat .me")).to_contain_text("<b>hola</b>")
    expect(somebody.last()).to_be_visible(timeout=PATIENCE)
    assert page.locator("#chat img").count() == 0
    assert somebody.complaints == []


def test_the_conversation_is_still_there_after_loading_the_page_again(somebody):
    page = somebody.page
    who = page.locator("#person").input_value()
    somebody.ask(QUESTION)
    expect(somebody.last()).to_contain_text("Fuente", timeout=PATIENCE)
    page.reload()
    somebody.look_inside()
    page.get_by_label("Persona").fill(who)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    somebody.look_back()
    expect(page.locator("#chat .me")).to_have_count(1)
    expect(page.locator("#chat .bot")).to_have_count(1)


@pytest.mark.parametrize(
    ("way", "given", "status"),
    [
        ("messages", {"channel": "telegram", "person": "a", "text": "hola"}, 200),
        ("messages", {"channel": "fax", "person": "a", "text": "hola"}, 422),
        ("messages", {"channel": "telegram", "person": "a", "kind": "smell"}, 422),
        ("messages", {"channel": "telegram", "person": "", "text": "hola"}, 422),
        ("messages", {"channel": "telegram", "person": "a"}, 422),
        ("messages", {"channel": "telegram", "person": "a", "text": "x", "choice": "menu"}, 422),
        ("messages", {"person": "a", "text": "hola", "colour": 1}, 422),
        ("messages", [], 422),
        ("clock", {"advance": -1}, 422),
        ("clock", {"advance": "soon"}, 422),
        ("clock", {"advance": 0}, 200),
        ("screen?after=x", None, 422),
        ("screen?channel=fax", None, 422),
        ("inspect?person=nobody", None, 200),
    ],
)
def test_the_simulator_refuses_what_it_does_not_know_and_says_which_field(site, way, given, status):
    url = f"{site}/simulator/api/{way}"
    answer = httpx.get(url) if given is None else httpx.post(url, json=given, timeout=20)

    assert answer.status_code == status
    if status == 422:
        assert all({"field", "reason"} <= set(error) for error in answer.json()["errors"])
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    ("body", "status"), [(b"{", 400), (b"\xff", 400), (b"[" * 100_000, 400), (b"x" * 1_100_000, 413)]
)
def test_the_simulator_survives_bytes_that_are_no_message(site, body, status):
    assert httpx.post(f"{site}/simulator/api/messages", content=body, timeout=20).status_code == status


def test_a_typed_title_opens_its_article_and_a_tap_is_the_same_as_its_digit(site):
    say: Callable[..., dict] = lambda **what: httpx.post(  # noqa: E731
        f"{site}/simulator/api/messages", json={"channel": "whatsapp", "person": "titulos"} | what, timeout=20
    ).json()["replies"][0]

    by_title = say(text="Carné de extranjería")
    first = by_title["choices"][0]
    by_tap, by_digit = say(choice=first["id"]), None
    say(text="Carné de extranjería")
    by_digit = say(text="1")

    assert by_title["article"] == ARTICLE
    assert by_tap["text"] == by_digit["text"]
