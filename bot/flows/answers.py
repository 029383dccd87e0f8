"""A question in the person's own words: an article, a question back, or an honest "I do not know"."""

from __future__ import annotations

from dataclasses import replace

from bot.choosing import is_number, is_one_of
from bot.conversation import TRAIL, Context, Flow, Missed, State, Turn, fallback
from bot.flows import article, fairs, menu, offer, person, places
from bot.flows.wish_words import find_regions
from bot.messages import Choice, Inbound, Reply

FAIRS, SCAMS = "ferias/proximas-ferias", "empleo/estafas-laborales"
AN_OFFER = 80
"""Characters from which a text about scams is taken for the offer itself."""
SURE = 0.9
"""From here on a new question wins over a follow-up about the article in hand."""


def answer(state: State, said: Inbound, ctx: Context) -> Turn:
    """Serve a reviewed article, ask which of three was meant, or say that we do not know."""
    heard = ctx.heard
    if heard.follow_up and not _other_subject(state, ctx):
        return _more(state, ctx)
    if heard.correction:
        return _not_that(state, ctx) if state.topic or state.offered else none_of_these(state, ctx)
    if heard.language == "other":
        return _foreign(state, ctx)
    ranking = heard.ranking
    if (turn := _pasted(state, said, ctx) or _fairs(state, said, ctx)) is not None:
        return turn
    if ranking.outcome == "answer":
        turn = article.asked(state, ranking.hits[0].article, heard.asked, ctx)
        if turn is not None:
            return _beside(replace(turn, state=_answered(turn.state, f"a/{turn.state.topic}")), ctx)
    return places.named(state, said, ctx) or _unsure(state, said, ctx)


def _unsure(state: State, said: Inbound, ctx: Context) -> Turn:
    """What is left when no article is the answer by itself."""
    ranking = ctx.heard.ranking
    if ctx.heard.leaning > (ranking.hits[0].probability if ranking.hits else 0.0):
        turn = article.show(state, _in_hand(state), ctx, ctx.say("more.about"))
        if turn is not None:
            return turn
    if ranking.outcome == "choices":
        return _which(state, ctx)
    if is_one_of(said.text, ctx.say("yes.words")) or is_one_of(said.text, ctx.say("no.words")) or is_number(said.text):
        return menu.main(state, ctx)  # an answer to nothing that was asked
    if not any(letter.isalnum() for letter in said.text):
        return _wordless(state, ctx)
    return miss(state, said, ctx)


def _wordless(state: State, ctx: Context) -> Turn:
    """Emoji and marks say no more than a sticker."""
    choices = (Choice("menu", ctx.say("menu.label")), Choice("human", ctx.say("menu.human")))
    state, words = fallback(state, "media.sticker", ctx, again="menu.text")
    return Turn(state, (Reply(words, choices),))


def _pasted(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """A job offer that somebody only pastes, with what the trust gate sees in it."""
    best = ctx.heard.ranking.best
    likely = best is not None and best.article == SCAMS and ctx.heard.ranking.outcome != "none"
    if not likely or len(said.text) < AN_OFFER or ctx.weigh is None or not ctx.weigh(said.text)["hold"]:
        return None
    return offer.FLOW.hears(state, said, ctx) if offer.FLOW.hears else None


def _fairs(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """Which fairs there are, when that is the question and we know of any."""
    ranking = ctx.heard.ranking
    if ranking.outcome != "answer" or ranking.hits[0].article != FAIRS or not fairs.known(ctx):
        return None
    turn = fairs.upcoming(state, ctx, regions=find_regions(said.text, ctx.library.country))
    reply = replace(turn.replies[0], article=FAIRS)
    about = Choice(f"a/{FAIRS}", ctx.say("fairs.about"))
    reply = replace(reply, choices=(*reply.choices[:-1], about, reply.choices[-1]))
    return Turn(_answered(replace(turn.state, topic=FAIRS), "fairs"), (reply,))


def _in_hand(state: State) -> str:
    """The article that is spoken of: the one shown, else the nearest of those just offered."""
    asked = any(choice.id == "none" for choice in state.offered)
    near = (_subject(choice.id) for choice in state.offered if asked)
    return state.topic or next(filter(None, near), "")


def _subject(route: str) -> str:
    """The article that a route leads to, or to a section of it; empty for other ways."""
    kind, *rest = route.split("/")
    return "/".join(rest[:2]) if kind in {"a", "s"} else ""


def _more(state: State, ctx: Context) -> Turn:
    """A section of the article in hand, or of the nearest one just offered; with neither we ask which was meant."""
    topic = _in_hand(state)
    turn = article.section(state, topic, ctx.heard.follow_up, ctx)
    if turn is not None:
        trail = turn.state if topic == state.topic else _answered(turn.state, f"a/{topic}")
        return replace(turn, state=replace(trail, misses=0))
    state, words = fallback(state, "more.of_what", ctx)
    return Turn(state, (Reply(words, (Choice("menu", ctx.say("menu.label")), Choice("human", ctx.say("menu.human")))),))


def _answered(state: State, route: str) -> State:
    return replace(state, misses=0, trail=(*state.trail, route)[-TRAIL:])


def _other_subject(state: State, ctx: Context) -> bool:
    hits = ctx.heard.ranking.hits
    return (
        bool(hits)
        and ctx.heard.ranking.outcome == "answer"
        and hits[0].probability >= SURE
        and hits[0].article != state.topic
    )


def _beside(turn: Turn, ctx: Context) -> Turn:
    """A second question in the same message is one tap away."""
    second = ctx.heard.second
    other = ctx.library.article(second, ctx.language) if second else None
    if other is None or other.id == turn.state.topic:
        return turn
    *before, last = turn.replies
    extra = Choice(article.way(other, ctx.heard.second_asked), other.label)
    return replace(turn, replies=(*before, replace(last, choices=(extra, *last.choices[:8]))))


def _options(ctx: Context, leave_out: str = "") -> list[Choice]:
    found = [ctx.library.article(hit.article, ctx.language) for hit in ctx.heard.ranking.hits]
    asked = ctx.heard.asked
    return [Choice(article.way(one, asked), one.label) for one in found if one is not None and one.id != leave_out][:3]


def _which(state: State, ctx: Context) -> Turn:
    near = _options(ctx)
    leans = ctx.heard.leaning > 0  # "y si no tengo contrato?": on what was said before, perhaps
    hand = ctx.library.article(_in_hand(state), ctx.language) if leans else None
    if hand is not None:
        near = [Choice(f"a/{hand.id}", hand.label), *(choice for choice in near if _subject(choice.id) != hand.id)][:3]
    choices = (*near, Choice("none", ctx.say("which.none")))
    topic = hand.id if hand is not None else ""
    return Turn(replace(state, misses=0, topic=topic), (Reply(ctx.say("which.text"), choices),))


def _not_that(state: State, ctx: Context) -> Turn:
    near = ctx.library.article(state.topic, ctx.language)
    others = [ctx.library.article(name, ctx.language) for name in (near.related if near else ())]
    choices = [Choice(f"a/{one.id}", one.label) for one in others if one is not None][:3]
    if not choices:
        return none_of_these(state, ctx)
    choices += [Choice("menu", ctx.say("menu.label")), Choice("human", ctx.say("menu.human"))]
    state, words = fallback(state, "which.not_that", ctx)
    return Turn(replace(state, topic=""), (Reply(words, tuple(choices)),))


def _foreign(state: State, ctx: Context) -> Turn:
    choices = (Choice("lang/es", "Español"), Choice("lang/en", "English"), Choice("menu", ctx.say("menu.label")))
    state, words = fallback(state, "language.other", ctx)
    return Turn(state, (Reply(words, choices),))


def miss(state: State, said: Inbound, ctx: Context) -> Turn:
    """We have no reviewed answer: say so, offer ways on, and from the third time a person first."""
    number = state.misses + 1
    key = ("miss.first", "miss.second", "miss.third")[min(number, 3) - 1]
    if key == state.last_miss:
        key = "miss.again"
    state = replace(state, misses=number, last_miss=key)
    missed = Missed(said.text)
    if number >= 3:
        return person.offer(state, ctx, ctx.say(key if person.reachable(ctx) else f"{key}.alone")).adding(missed)
    near = _options(ctx)[:2] if ctx.heard.ranking.hits and ctx.heard.ranking.hits[0].probability >= 0.15 else []
    ways = [Choice("menu", ctx.say("menu.label")), Choice("human", ctx.say("menu.human"))]
    return Turn(state, (Reply(ctx.say(key), (*near, *ways)),), (missed,))


def none_of_these(state: State, ctx: Context) -> Turn:
    """The person meant none of the offered articles."""
    choices = (Choice("menu", ctx.say("menu.label")), Choice("human", ctx.say("menu.human")))
    state, words = fallback(state, "which.sorry", ctx)
    return Turn(replace(state, misses=state.misses + 1), (Reply(words, choices),))


FLOW = Flow("answers", routes={"none": lambda state, _way, ctx: none_of_these(state, ctx)})
