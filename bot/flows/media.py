"""Photos, voice notes, stickers, places, files: never silence, always a way on."""

from __future__ import annotations

from bot.conversation import Context, State, Turn, fallback
from bot.messages import Choice, Inbound, Kind, Reply

_KEYS = {
    Kind.PHOTO: "media.photo",
    Kind.VOICE: "media.voice",
    Kind.STICKER: "media.sticker",
    Kind.LOCATION: "media.location",
    Kind.DOCUMENT: "media.document",
}


def receive(state: State, said: Inbound, ctx: Context) -> Turn:
    """An honest word about what we cannot open, and what to do instead."""
    choices = [Choice("menu", ctx.say("menu.label")), Choice("human", ctx.say("menu.human"))]
    if said.kind is Kind.LOCATION:
        choices = [Choice("fairs", ctx.say("fairs.label")), Choice("places", ctx.say("places.label")), *choices]
    if state.flow:
        choices.insert(0, Choice("resume", ctx.say("resume.label")))
    state, words = fallback(state, _KEYS.get(said.kind, "media.other"), ctx, again="media.again")
    return Turn(state, (Reply(words, tuple(choices)),))
