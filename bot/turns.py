"""What a turn of a conversation is made of: what is remembered, what it may look at, and what it asks the world to do.

Pure data, no decision: the engine is `conversation.py`, the subjects are `bot.flows`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from bot.library.library import Library
from bot.messages import Choice, Reply
from bot.person import Language, Person, Wish
from bot.understanding.reader import NOTHING_HEARD, Understanding
from bot.wording import Wording


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
    parked: tuple[Parked, ...] = ()  # the flow that the menu interrupted
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
class Relay:
    """The person is talking with the team: pass this on, word by word."""

    text: str


@dataclass(frozen=True, slots=True)
class LeaveHuman:
    """The person has nothing more to say to the team."""


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
    """Somebody of the team decides about an announcement: plan, approve, send, pause, resume, cancel, test, show, list.

    ask: ask them whether it is to be sent, and when that would be. remind, correct: prepare the reminder or the
    correction of the fair that it is about.
    """

    broadcast: int
    act: str
    mark: str = ""  # of the plan that they saw, where they agree to it


Effect = (
    ChooseLanguage
    | Subscribe
    | Unsubscribe
    | Forget
    | Missed
    | Rated
    | CallHuman
    | Relay
    | LeaveHuman
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
    handed: bool = False  # this person is talking with the team
    public_url: str = ""
    alerts: Sequence[Mapping[str, Any]] = ()  # vacancies sent to this person lately: id, title, employer, why
    open_now: int = 0  # jobs that are open now and fit the wish that this turn writes down
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
