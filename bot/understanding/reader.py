"""Reading one message: is it danger, a control, a word about the article in hand, or a question, and in which language.

Everything that the conversation may know about a text is decided here, without any state: the same text always reads
the same. Nothing is kept or logged. The encoder is asked only when the words alone are not sure, and in a thread.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import yaml

from bot.understanding import semantic
from bot.understanding.articles import LANGUAGES, Library
from bot.understanding.asked import asked_sections
from bot.understanding.controls import Control, Controls
from bot.understanding.danger import CERTAIN, Danger
from bot.understanding.encoder import Encoder, VectorStore
from bot.understanding.follow_up import correction, follow_up, leaning
from bot.understanding.forms import Pieces
from bot.understanding.language import OTHER, language_of, perhaps_of
from bot.understanding.lexical import LexicalIndex, Match
from bot.understanding.names import DirectForms, Names
from bot.understanding.parts import parts_of
from bot.understanding.ranking import NO_RANKING, Hit, Outcome, Ranker, Ranking, Weights, load_weights
from bot.understanding.text import Analyser, Glossary, words

_LOG = logging.getLogger(__name__)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast
_REPEATED = 4_000
"""Messages whose meaning is remembered: a third of what people write are the same few words."""
PRACTICAL = 0.75
"""So sure must be what a question beside a danger is about, for its answer to stand below the help line."""


class DangerReader(Protocol):
    """Whoever recognises danger in a message."""

    def suspect(self, message: str, vector: Any = None) -> Danger | None: ...

    def doubtful(self, message: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a message means, as far as it can be known without the conversation."""

    danger: Danger | None = None  # help comes first
    possible: Danger | None = None  # a danger that cannot be ruled out: the answer begins with the line to call
    control: Control | None = None
    control_scope: str = ""  # of those in SCOPED: all, alerts, fairs
    language: str | None = None  # es, en, other; None: cannot be told, keep the present one
    perhaps: str = ""  # the language of a message too short to tell: for somebody of whom nothing else is known
    ranking: Ranking = NO_RANKING
    follow_up: str = ""  # section of the article in hand that a short question asks for
    leaning: float = 0.0  # on what was said before: an article less probable than this is not what is meant
    correction: bool = False  # "no, eso no": the article in hand was not it
    keep: bool = False  # "no pares", "no me borren": nothing is to change
    asked: tuple[str, ...] = ()  # sections that the question asks for; empty: the summary is the answer
    second: str = ""  # article of a second question in the same message
    second_asked: tuple[str, ...] = ()  # sections that it asks for


MAY_BE_A_CRY = {Control.HELP: 0.0, Control.HUMAN: 0.0, Control.CANCEL: CERTAIN, Control.THANKS: CERTAIN}
"""Controls whose words somebody in danger may use as well, and how likely the danger must be to win over them; the
forms of the others leave no doubt."""

SCOPED = frozenset({Control.STOP, Control.UNSUBSCRIBE, Control.SUBSCRIBE})
"""Controls that may be about the alerts alone, or the fairs alone."""

NOTHING_HEARD = Understanding()
"""For whatever is not text."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One of several things said in a message, understood by itself."""

    text: str
    ranking: Ranking
    danger: Danger | None

    @property
    def best(self) -> str:
        return self.ranking.hits[0].article if self.ranking.hits else ""

    @property
    def is_practical(self) -> bool:
        """Whether it is a question that we can answer, and nothing else."""
        ranking = self.ranking
        sure = ranking.outcome is Outcome.ANSWER or bool(ranking.hits and ranking.hits[0].probability >= PRACTICAL)
        return self.danger is None and sure


@dataclass(frozen=True, slots=True)
class _Reading:
    """What the words of a message say, and what is needed to read it again with its meaning."""

    heard: Understanding
    match: Match | None = None  # None for a control
    parts: tuple[_Part, ...] = ()


class Reader:
    """Understands messages with one content. A new content makes a new reader; `prepare` then readies the encoder."""

    def __init__(
        self,
        library: Library,
        danger: DangerReader | None,
        glossary: Glossary,
        *,
        encoder: Encoder | None = None,
        var: Path | None = None,
        weights: Mapping[str, Weights] | None = None,
    ) -> None:
        self._library = library
        self._danger = danger
        self._controls = Controls(glossary)
        self._analyser = Analyser(glossary)
        index = LexicalIndex(library, self._analyser)
        self._ranker = Ranker(index, weights or load_weights(), Names(library, self._analyser))
        self._direct = DirectForms(glossary, index.ids)
        self._encoder = encoder
        self._var = var
        self._understood: dict[int, Understanding] = {}

    async def prepare(self) -> None:
        """Compute what the encoder needs; until then, and if it fails, words alone serve. Safe to cancel or repeat."""
        if self._encoder is None or self._ranker.semantic is not None:
            return
        try:
            self._ranker.semantic = await asyncio.to_thread(self._vectors, self._encoder)
        except Exception as error:  # noqa: BLE001 - a foreign library in C may fail in any way
            _LOG.warning("encoder_broken", extra={"error": type(error).__name__})
            self._encoder = None

    async def understand(self, text: str) -> Understanding:
        """What a message means, with the encoder where it helps."""
        key = hash(text)  # salted anew with every start; the text itself is not kept
        known = self._understood.get(key)
        if known is not None:
            return known
        reading = self._hear(text)
        heard = reading.heard
        unsure = reading.match is not None and not self._sure(heard.ranking)
        if self._encoder is not None and (unsure or self._may_be_danger(text, reading)):
            vector = await self._vector(text)
            if vector is None:
                return heard  # without its vectors yet: next time it may be understood better
            heard = await self._judged_with(text, reading, vector)
        if len(self._understood) >= _REPEATED:
            self._understood.clear()
        self._understood[key] = heard
        return heard

    def understand_now(self, text: str) -> Understanding:
        """What a message means, by words alone: at most a millisecond."""
        return self._hear(text).heard

    def _hear(self, text: str) -> _Reading:
        danger = self._danger.suspect(text) if self._danger else None
        said = words(text)
        command, asked = self._controls.hear(text)
        language = language_of(text, said)
        perhaps = "en" if self._ranker.lexical.only_english(said) else perhaps_of(said)
        if command is not None and command.control is Control.KEEP:
            return _Reading(Understanding(language=language, perhaps=perhaps, keep=True))
        if command is not None:
            danger = danger if danger is not None and _is_a_cry(command.control, danger) else None
            scope = command.scope.value if command.control in SCOPED else ""
            return _Reading(Understanding(danger, None, command.control, scope, language=language, perhaps=perhaps))
        match = self._ranker.lexical.match(asked, language if language in LANGUAGES else None)
        parts = tuple(map(self._part, parts_of(text)))
        heard = Understanding(
            danger=danger,
            language=language,
            perhaps=perhaps,
            follow_up=follow_up(said),
            leaning=leaning(said),
            correction=correction(said),
            asked=asked_sections(self._analyser.words(asked)),
        )
        direct = self._direct.article(self._analyser.words(asked)) or self._direct.article(match.terms.words)
        if direct:
            return _Reading(self._judged(heard, (), Ranking((Hit(direct, 1.0),), Outcome.ANSWER)))
        return _Reading(self._judged(heard, parts, self._ranker.rank(match)), match, parts)

    def _may_be_danger(self, text: str, reading: _Reading) -> bool:
        """Whether the meaning could still tell danger from calm; the words of most controls leave no doubt."""
        control = reading.heard.control
        clear = reading.heard.keep or (control is not None and control not in MAY_BE_A_CRY)
        beside = bool(reading.parts) and reading.heard.danger is not None
        return self._danger is not None and not clear and (beside or self._danger.doubtful(text))

    async def _judged_with(self, text: str, reading: _Reading, vector: Any) -> Understanding:
        heard, parts, match = reading.heard, reading.parts, reading.match
        danger = self._danger.suspect(text, vector) if self._danger else None
        ranking = heard.ranking if match is None else self._ranker.rank(match, vector)
        if parts and (danger or ranking.outcome is not Outcome.ANSWER or any(part.danger for part in parts)):
            parts = tuple([self._part(part.text, await self._vector(part.text)) for part in parts])
        if heard.control is not None:
            return replace(heard, danger=danger if danger and _is_a_cry(heard.control, danger) else None)
        return self._judged(replace(heard, danger=danger, possible=None), parts, ranking)

    def _judged(self, heard: Understanding, parts: Sequence[_Part], ranking: Ranking) -> Understanding:
        if heard.language == OTHER:
            ranking = replace(ranking, outcome=Outcome.NONE)
        heard = _settled(heard, parts, ranking)
        clear = [part for part in parts if part.is_practical]
        if heard.danger is None and ranking.outcome is not Outcome.ANSWER and len({part.best for part in clear}) > 1:
            ranking = clear[0].ranking  # two questions blur each other: the first is answered, the second offered
        heard = replace(heard, ranking=ranking)
        second = self._second(heard, parts)
        if second is None:
            return heard
        first = ranking.hits[0].article if ranking.hits else ""
        own = next((part for part in parts if part.best == first), None)
        asked = self._asked(own) if own else ()
        return replace(heard, asked=asked, second=second.best, second_asked=self._asked(second))

    def _asked(self, part: _Part) -> tuple[str, ...]:
        return asked_sections(self._analyser.words(part.text))

    def _part(self, text: str, vector: Any = None) -> _Part:
        """A part of a message by itself; what calls for help in it must be there in its words already."""
        danger = self._danger.suspect(text) if self._danger else None
        if self._danger is not None and vector is not None and _calls(danger):
            danger = self._danger.suspect(text, vector)
        match = self._ranker.lexical.match(text)
        return _Part(text, self._ranker.rank(match, vector), danger if _calls(danger) else None)

    def _second(self, heard: Understanding, parts: Sequence[_Part]) -> _Part | None:
        """Another question in the same message, when both parts are clear by themselves.

        Beside a danger one clear part is enough, other than the one that tells the danger: the danger is the other.
        """
        if not parts:
            return None
        if heard.danger is not None:
            dangers = {heard.danger.article, *heard.danger.also}
            return next((part for part in parts if part.is_practical and part.best not in dangers), None)
        sure = [part for part in parts if part.is_practical]
        first = heard.ranking.hits[0].article if heard.ranking.hits else ""
        different = {part.best for part in sure}
        return next((part for part in sure if part.best != first), None) if len(different) > 1 else None

    def _sure(self, ranking: Ranking) -> bool:
        return ranking.outcome is Outcome.ANSWER and ranking.hits[0].probability >= SURE

    async def _vector(self, text: str) -> Any:
        if self._encoder is None or self._ranker.semantic is None or not text.strip():
            return None
        try:
            return (await asyncio.to_thread(self._encoder.embed, [self._analyser.spelt_out(text)]))[0]
        except Exception as error:  # noqa: BLE001 - a foreign library in C may fail in any way
            _LOG.warning("encoder_broken", extra={"error": type(error).__name__})
            self._encoder = None
            return None

    def _vectors(self, encoder: Encoder) -> semantic.SemanticIndex:
        ids: Sequence[str] = self._ranker.lexical.ids
        texts = semantic.lines(self._library, ids, self._analyser)
        store = VectorStore(encoder, self._var)
        index = semantic.SemanticIndex(texts, store, len(ids))
        store.keep([text for _, text in texts])
        return index


def _calls(danger: Danger | None) -> bool:
    return danger is not None and danger.calls


def _is_a_cry(control: Control, danger: Danger) -> bool:
    return danger.calls and danger.likely >= MAY_BE_A_CRY.get(control, math.inf)


def _settled(heard: Understanding, parts: Sequence[_Part], ranking: Ranking) -> Understanding:
    """Whether help comes first, or only the line to call, or nothing: what else the message asks for decides with it.

    A question that an article surely answers is answered, unless danger is certain or a part of the message tells it.
    """
    danger = heard.danger
    told = next((part.danger for part in parts if part.danger and part.danger.likely >= CERTAIN), None)
    if told and any(part.is_practical for part in parts):
        return replace(heard, danger=danger or told)
    if danger is None or danger.likely >= CERTAIN:
        return heard
    clear = ranking.outcome is Outcome.ANSWER and ranking.hits[0].article not in {danger.article, *danger.also}
    if clear or not danger.calls:
        return replace(heard, danger=None, possible=None if heard.follow_up else danger)
    return heard


SURE = 0.97
"""So sure by words alone that the encoder is not asked: it costs 40 ms, and changes one such answer in a thousand."""


def load_glossary(content: Path) -> Glossary:
    """The glossary of a content folder; a missing file is an empty one. A form that makes no sense raises ValueError."""
    return glossary_of(_read(content / "controles.yaml"), _read(content / "vocabulario.yaml"))


def glossary_of(controls: Mapping[str, Any], vocabulary: Mapping[str, Any]) -> Glossary:
    """The glossary of the two files as they were parsed. A form that makes no sense raises ValueError."""
    steering = _texts_in(controls)
    endings = {name: " ".join(listed) for name, listed in steering.pop("terminaciones", {}).items()}
    pieces = Pieces(steering.pop("piezas", {}), endings)
    spelt = {
        part: {name: list(map(pieces.spelt_out, forms)) for name, forms in named.items()}
        for part, named in steering.items()
    }
    lists: dict[str, Any] = {part: named.get("", named) for part, named in spelt.items()}
    return Glossary.from_data({**vocabulary, **lists})


def _read(path: Path) -> Mapping[str, Any]:
    data = yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER) if path.is_file() else None  # noqa: S506 - both are safe
    return data if isinstance(data, Mapping) else {}


def _texts_in(data: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """The parts of a file, each with its named lists of texts; a part that is one list has it under an empty name."""
    parts = {str(part): value if isinstance(value, Mapping) else {"": value} for part, value in data.items()}
    return {part: {str(name): _listed(value) for name, value in named.items()} for part, named in parts.items()}


def _listed(value: object) -> list[str]:
    return list(map(str, value)) if isinstance(value, Sequence) and not isinstance(value, str) else [str(value or "")]
