"""The conversation: a pure function from what is remembered and what was said to what is answered.

No input or output, no clock, no chance: everything comes in with the Context. One turn gives the new state, the
replies and the effects; the caller writes all three down in one transaction. Flows live in `bot.flows`.

Every choice that is offered carries an id that says by itself where it leads (`a/titulos/medicos`), so a tap on an old
bubble, a digit, the words of an option and a typo of them are the same thing: a route.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Any

from bot.library.library import Library
from bot.messages import Choice, Inbound, Kind, Reply
from bot.person import Language, Person, Wish
from bot.understanding.reader import NOTHING_HEARD, Understanding
from bot.wording import Wording

TRAIL = 6
"""How many bubbles `atrás` can walk back."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A flow that was interrupted and waits for its turn."""

    flow: str
    step: str
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """What is remembered of one conversation between two messages. It survives JSON unchanged."""

    flow: str = ""  # the flow that has the floor, "" for none
    step: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    offered: tuple[Choice, ...] = ()  # what the last bubble offered: a digit means one of these
    topic: str = ""  # the article in hand
    trail: tuple[str, ...] = ()  # routes walked, the newest last
    parked: tuple[Parked, ...] = ()
    misses: int = 0
    last_miss: str = ""  # key of the last fallback, so that no two are the same in a row
    kept: Mapping[str, Any] = field(default_factory=dict)  # checklists that the person asked to keep
    greeted: bool = False

    def to_json(self) -> dict[str, Any]:
        """A plain mapping; what has its default is left out."""
        out: dict[str, Any] = {}
        for name in _PLAIN:
            value = getattr(self, name)
            if value:
                out[name] = dict(value) if isinstance(value, Mapping) else value
        if self.offered:
            out["offered"] = [[c.id, c.title] for c in self.offered]
        if self.trail:
            out["trail"] = list(self.trail)
        if self.parked:
            out["parked"] = [[p.flow, p.step, dict(p.data)] for p in self.parked]
        return out

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> State:
        """The state that `to_json` wrote; unknown keys of an older version are dropped."""
        return cls(
            **{name: data[name] for name in _PLAIN if name in data},
            offered=tuple(Choice(*pair) for pair in data.get("offered", ())),
            trail=tuple(data.get("trail", ())),
            parked=tuple(Parked(*triple) for triple in data.get("parked", ())),
        )

    def without_flow(self) -> State:
        """Nobody has the floor any more."""
        return replace(self, flow="", step="", data={})


_PLAIN = ("flow", "step", "data", "topic", "misses", "last_miss", "kept", "greeted")


# What a turn asks the world to do. Flows return these; they never do them.


@dataclass(frozen=True, slots=True)
class ChooseLanguage:
    """Speak this from now on. `chosen`: the person said so, no guess changes it."""

    language: Language
    chosen: bool


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Write the wish down, with the words of the consent."""

    wish: Wish
    words: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """End the consent to `scope`: all, alerts or fairs."""

    scope: str
    words: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Erase everything that is stored of this person."""


@dataclass(frozen=True, slots=True)
class Missed:
    """We had no answer. The recorder scrubs `text` of numbers and names before it keeps it."""

    text: str


@dataclass(frozen=True, slots=True)
class Rated:
    """Somebody said whether an article helped; counted without a name."""

    article: str
    helped: bool


@dataclass(frozen=True, slots=True)
class CallHuman:
    """Tell the team that this person asked for a person."""

    topic: str


@dataclass(frozen=True, slots=True)
class ReportVacancy:
    """This person says that a vacancy we sent is not honest."""

    vacancy: str


@dataclass(frozen=True, slots=True)
class RegisterFair:
    """This person wants to be reminded of a fair."""

    fair: str


@dataclass(frozen=True, slots=True)
class Reachable:
    """The platform says that we can, or can no longer, write to this person."""

    now: bool


@dataclass(frozen=True, slots=True)
class PrepareNews:
    """Somebody of the team wants an announcement: of a fair, or of these words. The plan is shown to them."""

    fair: str = ""
    text: str = ""
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DecideNews:
    """Somebody of the team decides about an announcement: plan, approve, send, pause, resume, cancel, test, show, list."""

    broadcast: int
    act: str


Effect = (
    ChooseLanguage
    | Subscribe
    | Unsubscribe
    | Forget
    | Missed
    | Rated
    | CallHuman
    | ReportVacancy
    | RegisterFair
    | Reachable
    | PrepareNews
    | DecideNews
)


@dataclass(frozen=True, slots=True)
class Context:
    """A snapshot of everything a turn may look at."""

    person: Person
    now: datetime
    library: Library
    wording: Wording
    heard: Understanding = NOTHING_HEARD
    demo: bool = False  # in the simulator: examples are shown, marked as such
    staffed: bool = False  # somebody of the team reads along
    public_url: str = ""
    alerts: Sequence[Mapping[str, Any]] = ()  # vacancies sent to this person lately: id, title, employer, why
    known_codes: Mapping[str, str] = field(default_factory=dict)  # code of a broadcast that was asked about: its title
    weigh: Callable[[str], Mapping[str, Any]] | None = None  # the trust gate: hold and signals of a pasted offer

    @property
    def language(self) -> str:
        """The language of this turn, es or en."""
        return str(self.person.language)

    def say(self, key: str, **values: object) -> str:
        """A text of `ui.po` in the person's language."""
        return self.wording.text(key, self.language, **values)

    def day_of(self, at: datetime) -> str:
        """The day that a moment falls on where the people live."""
        return self.wording.date(self.library.country.today(at), self.language)

    @property
    def today(self) -> date:
        """The day it is where the people live."""
        return self.library.country.today(self.now)

    def speaking(self, language: Language) -> Context:
        """The same, in another language."""
        return replace(self, person=replace(self.person, language=language))


@dataclass(frozen=True, slots=True)
class Turn:
    """What one message leads to."""

    state: State
    replies: tuple[Reply, ...] = ()
    effects: tuple[Effect, ...] = ()

    def adding(self, *effects: Effect) -> Turn:
        """The same turn with more effects."""
        return replace(self, effects=(*self.effects, *effects))


Route = Callable[[State, tuple[str, ...], Context], Turn]
"""Follows a choice: the parts of its id after the first."""
Hearing = Callable[[State, Inbound, Context], Turn | None]
"""Takes a free text; None when it means nothing to the flow."""
Command = Callable[[State, Context], Turn]
"""Does what a control word asks."""


@dataclass(frozen=True, slots=True)
class Flow:
    """One subject of conversation: the routes that it owns, the control words it serves, the texts it understands."""

    name: str
    routes: Mapping[str, Route] = field(default_factory=dict)
    controls: Mapping[str, Command] = field(default_factory=dict)
    hears: Hearing | None = None  # while the flow has the floor
    overhears: Hearing | None = None  # at any time, before the search: words that only this flow knows
    resume: Command | None = None  # says its last question again


@dataclass(frozen=True, slots=True)
class Flows:
    """All flows, and the four answers that the engine itself must know."""

    flows: Sequence[Flow]
    urgent: Command
    media: Hearing
    answer: Hearing  # article, choices, follow-up or an honest "I do not know"
    welcome: Command

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
    """Answer one message. Always gives at least one reply, but for a person who just left."""
    if said.kind is Kind.LEFT:
        return Turn(state.without_flow(), effects=(Reachable(now=False),))
    ctx, learned = _follow_language(said, ctx)
    turn = _turn(state, said, ctx, flows)
    last = turn.replies[-1] if turn.replies else None
    if any(isinstance(effect, Forget) for effect in turn.effects):
        return turn
    state = replace(turn.state, offered=last.choices if last else (), greeted=True)
    return replace(turn, state=state, effects=(*learned, *turn.effects))


def _turn(state: State, said: Inbound, ctx: Context, flows: Flows) -> Turn:
    if said.kind in {Kind.START, Kind.CAME_BACK}:
        return _start(state, said, ctx, flows)
    if said.kind is Kind.CHOICE:
        return follow(state, said.choice, ctx, flows) or _stale(state, ctx, flows)
    if said.kind is not Kind.TEXT:
        return flows.media(state, said, ctx) or flows.welcome(state, ctx)
    if ctx.heard.danger is not None:
        return flows.urgent(state, ctx)
    return _text(state, said, ctx, flows)


def _text(state: State, said: Inbound, ctx: Context, flows: Flows) -> Turn:
    picked = pick(said.text, state.offered)
    if picked is not None and (turn := follow(state, picked.id, ctx, flows)) is not None:
        return turn
    flow = flows.named(state.flow)
    if flow and flow.resume and fold(said.text) == fold(ctx.say("resume.label")):
        return flow.resume(state, ctx)
    control = str(ctx.heard.control) if ctx.heard.control else ""
    if control and (command := _command(control, flows)) is not None:
        return command(state, ctx)
    if flow and flow.hears and (turn := flow.hears(state, said, ctx)) is not None:
        return turn
    for other in flows.flows:
        if other.overhears and (turn := other.overhears(state, said, ctx)) is not None:
            return turn
    turn = flows.answer(state, said, ctx) or flows.welcome(state, ctx)
    return _offer_to_go_on(turn, ctx, flow)


def follow(state: State, route: str, ctx: Context, flows: Flows) -> Turn | None:
    """Go where a choice leads; None when there is no such way any more."""
    name, *rest = route.split("/")
    if name == "back":
        return _back(state, ctx, flows)
    if name == "resume":
        flow = flows.named(state.flow)
        return flow.resume(state, ctx) if flow and flow.resume else None
    way = flows.route(name)
    turn = way(state, tuple(rest), ctx) if way else None
    if turn is None:
        return None
    flow = flows.named(turn.state.flow)
    turn = turn if flow and name in flow.routes else _offer_to_go_on(turn, ctx, flow)
    trail = (*turn.state.trail, route) if turn.state.trail[-1:] != (route,) else turn.state.trail
    return replace(turn, state=replace(turn.state, trail=trail[-TRAIL:], misses=0, last_miss=""))


def pick(text: str, offered: Sequence[Choice]) -> Choice | None:
    """Which of the offered choices a text means: its digit, its words, or a near miss of them."""
    said = fold(text)
    if not said or not offered:
        return None
    number = re.fullmatch(r"(?:opcion |option |numero |la |el |n )?(\d{1,2})", said)
    if number:
        place = int(number[1]) - 1
        return offered[place] if 0 <= place < len(offered) else None
    if said in _ORDINALS and _ORDINALS[said] < len(offered):
        return offered[_ORDINALS[said]]
    titles = [_folded(choice.title) for choice in offered]
    if said in titles:
        return offered[titles.index(said)]
    words = said.split()
    begun = [place for place, title in enumerate(titles) if title.split()[: len(words)] == words]
    if len(begun) == 1 and len(words) <= 3:
        return offered[begun[0]]
    if len(said) < 4 or len(said) > 30:
        return None
    near = [SequenceMatcher(None, said, title).ratio() for title in titles]
    best = max(range(len(near)), key=near.__getitem__)
    return offered[best] if near[best] >= 0.84 else None


_ORDINALS = {
    word: place
    for place, words in enumerate(
        (
            ("uno", "una", "primera", "primero", "la primera", "el primero", "one", "first"),
            ("dos", "segunda", "segundo", "la segunda", "el segundo", "two", "second"),
            ("tres", "tercera", "tercero", "la tercera", "el tercero", "three", "third"),
            ("cuatro", "la cuarta", "four"),
            ("cinco", "la quinta", "five"),
        )
    )
    for word in words
}


_BETWEEN_WORDS = re.compile(r"[^\w ]+")


def fold(text: str) -> str:
    """Lower case, no accents, no punctuation: what two writings of the same words share."""
    plain = text.casefold()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(c))
    return " ".join(_BETWEEN_WORDS.sub(" ", plain).split())


_folded = lru_cache(maxsize=2_000)(fold)
"""For our own words, which come again and again; never for what a person wrote."""


@lru_cache(maxsize=500)
def _wordings(words: str) -> frozenset[str]:
    return frozenset(fold(word) for word in words.split("|"))


def is_one_of(text: str, words: str) -> bool:
    """The text is one of the wordings, which stand with | between them."""
    return fold(text) in _wordings(words)


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
    turn = flows.welcome(state.without_flow(), ctx)
    first, *rest = turn.replies
    return replace(turn, replies=(replace(first, text=ctx.say("stale") + "\n\n" + first.text), *rest))


def _start(state: State, said: Inbound, ctx: Context, flows: Flows) -> Turn:
    """`/start`, with the payload of a deep link when there was one: `a_titulos_medicos` is the route `a/titulos/medicos`."""
    back = (Reachable(now=True),) if not ctx.person.reachable or said.kind is Kind.CAME_BACK else ()
    route = said.text.replace("_", "/")
    turn = (follow(state.without_flow(), route, ctx, flows) if route else None) or flows.welcome(
        state.without_flow(), ctx
    )
    return turn.adding(*back)


def _follow_language(said: Inbound, ctx: Context) -> tuple[Context, tuple[Effect, ...]]:
    """Speak what the person writes, until they choose."""
    heard = ctx.heard.language
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
