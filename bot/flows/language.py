"""Choosing the language: two buttons, remembered; no guess changes it afterwards."""

from __future__ import annotations

from bot.conversation import ChooseLanguage, Context, Flow, State, Turn
from bot.flows import article
from bot.messages import Choice, Reply
from bot.person import Language


def _ask(state: State, ctx: Context) -> Turn:
    choices = (Choice("lang/es", "Español"), Choice("lang/en", "English"))
    return Turn(state, (Reply(ctx.say("language.which"), choices),))


def _choose(state: State, way: tuple[str, ...], ctx: Context) -> Turn:
    if way not in {("es",), ("en",)}:
        return _ask(state, ctx)
    return _speak(state, Language(way[0]), ctx)


def _speak(state: State, language: Language, ctx: Context) -> Turn:
    ctx = ctx.speaking(language)
    effect = ChooseLanguage(language, chosen=True)
    opening = ctx.say("language.saved")
    again = article.show(state, state.topic, ctx, opening) if state.topic else None
    if again is not None:
        return again.adding(effect)
    reply = Reply(opening, (Choice("menu", ctx.say("menu.label")),))
    return Turn(state, (reply,), (effect,))


FLOW = Flow(
    "language",
    routes={"lang": _choose},
    controls={
        "language": _ask,
        "language_es": lambda state, ctx: _speak(state, Language.SPANISH, ctx),
        "language_en": lambda state, ctx: _speak(state, Language.ENGLISH, ctx),
    },
)
