"""The conversation: a pure function from what is remembered and what was said to what is answered.

No input or output, no clock, no chance: everything comes in with the Context. One turn gives the new state, the
replies and the effects; the caller writes all three down in one transaction. Flows live in `bot.flows`.

Every choice that is offered carries an id that says by itself where it leads (`a/titulos/medicos`), so a tap on an old
bubble, a digit, the words of an option and a typo of them are the same thing: a route.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.choosing import agree, fold, is_number, is_one_of, pick
from bot.messages import LONGEST_REPLY, Choice, Inbound, Kind, Reply
from bot.person import Language
from bot.turns import (
    CallHuman,
    ChooseLanguage,
    Context,
    DecideNews,
    Effect,
    Forget,
    LeaveHuman,
    Missed,
    Parked,
    PrepareNews,
    Rated,
    Reachable,
    RegisterFair,
    Relay,
    ReportVacancy,
    State,
    Subscribe,
    Turn,
    Unsubscribe,
)

__all__ = [
    "TRAIL",
    "Beside",
    "CallHuman",
    "ChooseLanguage",
    "Command",
    "Context",
    "DecideNews",
    "Effect",
    "Flow",
    "Flows",
    "Forget",
    "Hearing",
    "LeaveHuman",
    "Missed",
    "Parked",
    "PrepareNews",
    "Rated",
    "Reachable",
    "RegisterFair",
    "Relay",
    "ReportVacancy",
    "Route",
    "State",
    "Subscribe",
    "Turn",
    "Unsubscribe",
    "advance",
    "fallback",
    "follow",
]

TRAIL = 6
"""How many bubbles `atrás` can walk back."""

Route = Callable[[State, tuple[str, ...], Context], Turn]
"""Follows a choice: the parts of its id after the first."""
Hearing = Callable[[State, Inbound, Context], Turn | None]
"""Takes a free text; None when it means nothing to the flow."""
Command = Callable[[State, Context], Turn]
"""Does what a control word asks."""
Beside = Callable[[State, Inbound, Context], str]
"""Words for a bubble that another part of the conversation begins; empty for none."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One subject of conversation: the routes that it owns, the control words it serves, the texts it understands."""

    name: str
    routes: Mapping[str, Route] = field(default_factory=dict)
    controls: Mapping[str, Command] = field(default_factory=dict)
    hears: Hearing | None = None  # while the flow has the floor
    missed: Hearing | None = None  # while it has the floor and nobody knows what was meant: its question again
    overhears: Hearing | None = None  # at any time, before the search: words that only this flow knows
    resume: Command | None = None  # says its last question again
    beside: Beside | None = None  # what it says below the help line, while it waits for a text of others


@dataclass(frozen=True, slots=True)
class Flows:
    """All flows, and the four answers that the engine itself must know."""

    flows: Sequence[Flow]
    urgent: Command
    media: Hearing
    answer: Hearing  # article, choices, follow-up or an honest "I do not know"
    welcome: Command
    relay: Hearing | None = None  # passes words on to the team, while the person talks with it

    def route(self, name: str) -> Route | None:
        """Who follows choices that begin with `name`."""
        return next((flow.routes[name] for flow in self.flows if name in flow.routes), None)

    def control(self, name: str) -> Command | None:
        """Who serves a control word."""
        return next((flow.controls[name] for flow in self.flows if name in flow.controls), None)

    def named(self, name: str) -> Flow | None:
        """The flow of that name."""
        return next((flow for flow in self.flows if flow.name == name), None)


def advance(state: State, said: Inbound, ctx: Context, flows: Flows) -> Turn:
    """Answer one message. Always gives a reply, but for a person who just left or who is talking with the team."""
    if said.kind is Kind.LEFT:
        return Turn(state.without_flow(), effects=(Reachable(now=False),))
    ctx, learned = _follow_language(state, said, ctx)
    turn = _turn(state, said, ctx, flows)
    last = turn.replies[-1] if turn.replies else None
    if any(isinstance(effect, Forget) for effect in turn.effects):
        return turn
    answered = turn.replies and turn.state.last_miss == state.last_miss
    last_miss = "" if answered else turn.state.last_miss
    offered = last.choices if last else ()
    parked = () if turn.state.flow else turn.state.parked
    state = replace(turn.state, offered=offered, parked=parked, greeted=True, last_miss=last_miss)
    return replace(turn, state=state, effects=(*learned, *turn.effects))


def _turn(state: State, said: Inbound, ctx: Context, flows: Flows) -> Turn:
    if said.kind in {Kind.START, Kind.CAME_BACK}:
        return _start(state, said, ctx, flows)
    if said.kind is Kind.CHOICE:
        return follow(state, said.choice, ctx, flows) or _stale(state, ctx, flows)
    if said.kind is not Kind.TEXT:
        turn = flows.media(state, said, ctx) or flows.welcome(state, ctx)
        return turn.adding(Relay(ctx.say("team.media"))) if ctx.handed else turn
    ours = _is_of_ours(said.text, state, ctx)
    if ctx.heard.danger is not None and (ctx.heard.danger.likely == 1 or not ours):
        turn = _help_first(state, said, ctx, flows)
        return turn.adding(Relay(said.text)) if ctx.handed else turn
    turn = _text(state, said, ctx, flows)
    return turn if ours or ctx.heard.possible is None else _with_the_line(turn, ctx, flows)


def _is_of_ours(text: str, state: State, ctx: Context) -> bool:
    """A number, or the very words of a choice: what was meant is known, however gloomy the words may sound alone."""
    said = fold(text)
    return is_number(text) or _goes_on(text, state, ctx) or any(said == fold(c.title) for c in state.offered)


def _with_the_line(turn: Turn, ctx: Context, flows: Flows) -> Turn:
    """The answer below the line to call, for a danger that cannot be ruled out; without room for both, help alone."""
    danger = ctx.heard.possible
    if danger is None or not turn.replies:
        return turn
    line, _, _ = ctx.say(f"urgent.{danger.article.rpartition('/')[2]}").partition("\n\n")
    text = f"{ctx.say('urgent.possible', line=line)}\n\n{turn.replies[0].text}"
    if len(text) > LONGEST_REPLY:
        return flows.urgent(turn.state, replace(ctx, heard=replace(ctx.heard, danger=danger)))
    return replace(turn, replies=(replace(turn.replies[0], text=text), *turn.replies[1:]))


def _help_first(state: State, said: Inbound, ctx: Context, flows: Flows) -> Turn:
    """The help line; below it, where a text of others was asked for (a job offer), what is to be said of that."""
    turn = flows.urgent(state, ctx)
    below = next((told for flow in flows.flows if flow.beside and (told := flow.beside(state, said, ctx))), "")
    text = f"{turn.replies[0].text}\n\n{below}"
    if not below or len(text) > LONGEST_REPLY:
        return turn
    return replace(turn, replies=(replace(turn.replies[0], text=text), *turn.replies[1:]))


def _text(state: State, said: Inbound, ctx: Context, flows: Flows) -> Turn:
    picked = pick(said.text, state.offered) or agree(
        said.text, state.offered, ctx.say("yes.words"), ctx.say("no.words")
    )
    if picked is not None and (turn := follow(state, picked.id, ctx, flows)) is not None:
        return turn
    flow = flows.named(state.flow)
    if _goes_on(said.text, state, ctx):
        return _go_on(state, ctx, flows) or _nothing_open(state, ctx)
    control = "keep" if ctx.heard.keep else str(ctx.heard.control or "")
    if ctx.handed and flows.relay and (not control or control in _COURTESIES):
        return flows.relay(state, said, ctx) or flows.welcome(state, ctx)
    if control and (command := _command(control, flows)) is not None:
        return command(state, ctx)
    if flow and flow.hears and (turn := flow.hears(state, said, ctx)) is not None:
        return turn
    for other in flows.flows:
        if other.overhears and (turn := other.overhears(state, said, ctx)) is not None:
            return turn
    turn = flows.answer(state, said, ctx) or flows.welcome(state, ctx)
    if flow and flow.missed and state.misses < turn.state.misses < _PERSON_OFFERED:
        again = flow.missed(replace(turn.state, last_miss=state.last_miss), said, ctx) or turn
        return again if len(said.text.split()) <= _AN_ANSWER else replace(again, effects=turn.effects)
    return _offer_to_go_on(turn, ctx, flow)


_PERSON_OFFERED = 3  # misses: from here on somebody of the team is offered
_AN_ANSWER = 4  # words: so few are an answer to the question that we did not understand, and no question of their own


def _resumed(flow: Flow, resume: Command, state: State, ctx: Context) -> Turn:
    """The flow where it was; what was shown in between is no step on its way back."""
    trail = state.trail
    while trail and trail[-1].split("/")[0] not in flow.routes:
        trail = trail[:-1]
    return resume(replace(state, trail=trail or state.trail), ctx)


def _goes_on(text: str, state: State, ctx: Context) -> bool:
    """The way back into the flow in its words; in fewer words, or by a yes, where there is one."""
    if fold(text) == fold(ctx.say("resume.label")):
        return True
    offered = any(choice.id == "resume" for choice in state.offered)
    if offered and is_one_of(text, ctx.say("yes.words")):
        return True
    return bool(offered or state.flow or state.parked) and is_one_of(text, ctx.say("resume.words"))


def _go_on(state: State, ctx: Context, flows: Flows) -> Turn | None:
    """The flow that has the floor, or the one that the menu interrupted, where it was; None when there is none."""
    if not state.flow and state.parked:
        last = state.parked[-1]
        state = replace(state, flow=last.flow, step=last.step, data=last.data, parked=())
    flow = flows.named(state.flow)
    return _resumed(flow, flow.resume, state, ctx) if flow and flow.resume else None


def _nothing_open(state: State, ctx: Context) -> Turn:
    return Turn(state, (Reply(ctx.say("resume.nothing"), (Choice("menu", ctx.say("menu.label")),)),))


def follow(state: State, route: str, ctx: Context, flows: Flows) -> Turn | None:
    """Go where a choice leads; None when there is no such way any more."""
    name, *rest = route.split("/")
    if name == "back":
        return _back(state, ctx, flows)
    if name == "resume":
        return _go_on(state, ctx, flows)
    way = flows.route(name)
    turn = way(state, tuple(rest), ctx) if way else None
    if turn is None:
        return None
    flow = flows.named(turn.state.flow)
    turn = turn if flow and name in flow.routes else _offer_to_go_on(turn, ctx, flow)
    if turn.state.last_miss != state.last_miss:
        return turn  # it led to a fallback
    trail = (*turn.state.trail, route) if turn.state.trail[-1:] != (route,) else turn.state.trail
    return replace(turn, state=replace(turn.state, trail=trail[-TRAIL:], misses=0))


def fallback(state: State, key: str, ctx: Context, again: str = "") -> tuple[State, str]:
    """The words of a fallback, others when the last turn ended in the same one; and the state that remembers which.

    A fallback always changes `last_miss`; by that the engine knows that nothing was answered.
    """
    key = again or f"{key}.again" if state.last_miss == key else key
    return replace(state, last_miss=key), ctx.say(key)


_COURTESIES = frozenset({"greeting", "thanks"})
"""Controls that are said to whoever is there."""


def _command(control: str, flows: Flows) -> Command | None:
    if control == "back":
        return lambda state, ctx: _back(state, ctx, flows)
    return flows.control(control)


def _back(state: State, ctx: Context, flows: Flows) -> Turn:
    trail = state.trail[:-1]
    while trail:
        *before, last = trail
        trail = tuple(before)
        turn = follow(replace(state.without_flow(), trail=trail), last, ctx, flows)
        if turn is not None:
            return turn
    return flows.welcome(replace(state.without_flow(), trail=()), ctx)


def _stale(state: State, ctx: Context, flows: Flows) -> Turn:
    state, words = fallback(state, "stale", ctx)
    turn = flows.welcome(state.without_flow(), ctx)
    first, *rest = turn.replies
    return replace(turn, replies=(replace(first, text=f"{words}\n\n{first.text}"), *rest))


def _start(state: State, said: Inbound, ctx: Context, flows: Flows) -> Turn:
    """`/start`, with the payload of a deep link when there was one: `a_titulos_medicos` is the route `a/titulos/medicos`."""
    back = (Reachable(now=True),) if not ctx.person.reachable or said.kind is Kind.CAME_BACK else ()
    route = said.text.replace("_", "/")
    turn = (follow(state.without_flow(), route, ctx, flows) if route else None) or flows.welcome(
        state.without_flow(), ctx
    )
    return turn.adding(*back)


def _follow_language(state: State, said: Inbound, ctx: Context) -> tuple[Context, tuple[Effect, ...]]:
    """Speak what the person writes, until they choose. A bare "hi" tells it only when nothing else has."""
    unknown = not state.greeted and not said.hint.lower().startswith("es")
    heard = ctx.heard.language or (ctx.heard.perhaps if unknown else "")
    if said.kind is not Kind.TEXT or ctx.person.language_chosen or heard not in {"es", "en"} or heard == ctx.language:
        return ctx, ()
    language = Language(heard)
    return ctx.speaking(language), (ChooseLanguage(language, chosen=False),)


def _offer_to_go_on(turn: Turn, ctx: Context, flow: Flow | None) -> Turn:
    """A question in the middle of a flow was answered: the way back into the flow comes first."""
    if flow is None or flow.resume is None or turn.state.flow != flow.name or not turn.replies:
        return turn
    *before, last = turn.replies
    resume = Choice("resume", ctx.say("resume.label"))
    if any(choice.id == "resume" for choice in last.choices):
        return turn
    return replace(turn, replies=(*before, replace(last, choices=(resume, *last.choices[:8]))))
