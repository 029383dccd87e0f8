"""What is approved is read before: the bubble, and the template that people outside WhatsApp's window get in its place."""

from datetime import timedelta

import pytest

from bot.broadcasts.states import NotPossible
from bot.broadcasts.telling import plan_text
from bot.wording import Wording
from tests.news_kit import CONTENT, Office, wording

WORDS = "Mañana hay **charla** en Comas."


@pytest.fixture
def office(storage, clock):
    return Office(storage, clock, templates={("rumbo_aviso", "es")})


def of_templates(plan):
    return [(each["language"], each["template"], each["text"]) for each in plan["texts"] if each["template"]]


async def test_the_template_is_shown_with_its_values_to_whoever_approves(office):
    await office.person()
    await office.person("whatsapp", wrote=timedelta(days=3))
    one = await office.desk.draft_text({"es": WORDS}, "Rosa")

    plan = await office.desk.plan(one.id)

    (language, name, text) = of_templates(plan)[0]
    assert (language, name, len(of_templates(plan))) == ("es", "rumbo_aviso", 1)
    assert text.startswith("Aviso de Rumbo: Mañana hay charla en Comas. Código")
    assert one.code in text
    assert "{{" not in text
    told = plan_text(plan, wording())
    assert text in told
    assert f"verificar {one.code}" in told.split("———")[1]  # and the bubble of the others before it


async def test_a_plan_by_template_alone_does_not_show_a_bubble_that_nobody_gets(office):
    await office.person("whatsapp", wrote=timedelta(days=3))
    one = await office.desk.draft_text({"es": WORDS}, "Rosa")

    told = plan_text(await office.desk.plan(one.id), wording())

    assert "Aviso de Rumbo: Mañana" in told
    assert "Para no recibir más avisos escribe «baja»" not in told


async def test_a_plan_without_templates_shows_none(office):
    await office.person("whatsapp")
    one = await office.desk.draft_text({"es": WORDS}, "Rosa")

    plan = await office.desk.plan(one.id)

    assert of_templates(plan) == []
    assert "plantilla" not in plan_text(plan, wording())


async def test_words_of_ours_that_change_after_the_approval_make_the_plan_invalid(office, tmp_path):
    await office.person()
    one = await office.desk.draft_text({"es": WORDS}, "Rosa")
    await office.desk.plan(one.id)
    await office.desk.approve(one.id, "Ana")
    for language in ("es", "en"):
        (tmp_path / language).mkdir()
        text = (CONTENT / language / "ui.po").read_text(encoding="utf-8")
        (tmp_path / language / "ui.po").write_text(text.replace("Código {code}:", "Clave {code}:"), encoding="utf-8")

    office.desk._wording = Wording.read(tmp_path)
    with pytest.raises(NotPossible) as refused:
        await office.desk.send(one.id)

    assert (refused.value.code, refused.value.values["what"]) == ("changed", "words")
    assert "ui.po" in office.desk.explain(refused.value)
