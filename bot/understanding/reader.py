"""Reading one message: is it danger, a control, a word about the article in hand, or a question, and in which language.

Everything that the conversation may know about a text is decided here, without any state: the same text always reads
the same. Nothing is kept or logged. The encoder is asked only when the words alone are not sure, and in a thread.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import yaml

from bot.understanding import semantic
from bot.understanding.articles import LANGUAGES, Library
from bot.understanding.controls import Control, Controls
from bot.understanding.danger import Danger
from bot.understanding.encoder import Encoder, VectorStore
from bot.understanding.follow_up import correction, follow_up, leaning
from bot.understanding.language import OTHER, language_of
from bot.understanding.lexical import LexicalIndex, Match
from bot.understanding.ranking import NO_RANKING, Outcome, Ranker, Ranking, Weights, load_weights
from bot.understanding.text import Analyser, Glossary, words

_LOG = logging.getLogger(__name__)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the one in C is ten times as fast
_PARTS = re.compile(
    r"[?!.;\n]+\s*(?:y |e |and |tambien |también |also )?|\s(?:y tambien|y también|y ademas|y además|and also)\s"
)
_REPEATED = 4_000
"""Messages whose meaning is remembered: a third of what people write are the same few words."""
_SECOND_QUESTION = 3  # words that a second question has at least


class DangerReader(Protocol):
    """Whoever recognises danger in a message."""

    def recognise(self, message: str, vector: Any = None) -> Danger | None: ...

    def doubtful(self, message: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a message means, as far as it can be known without the conversation."""

    danger: Danger | None = None
    control: Control | None = None
    control_scope: str = ""  # of `stop` and `unsubscribe`: all, alerts, fairs
    language: str | None = None  # es, en, other; None: cannot be told, keep the present one
    ranking: Ranking = NO_RANKING
    follow_up: str = ""  # section of the article in hand that a short question asks for
    leaning: float = 0.0  # on what was said before: an article less probable than this is not what is meant
    correction: bool = False  # "no, eso no": the article in hand was not it
    second: str = ""  # article of a second question in the same message


MAY_BE_A_CRY = frozenset({Control.HELP, Control.HUMAN, Control.CANCEL})
"""Controls whose words somebody in danger may use as well; the forms of the others leave no doubt."""

NOTHING_HEARD = Understanding()
"""For whatever is not text."""


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
        self._ranker = Ranker(LexicalIndex(library, self._analyser), weights or load_weights())
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
        heard, match = self._hear(text)
        unsure = match is not None and not self._sure(heard.ranking)
        if self._encoder is not None and (unsure or self._may_be_danger(text, heard)):
            vector = await self._vector(text)
            if vector is not None:
                heard = self._judged_with(text, heard, match, vector)
            else:
                return heard  # without its vectors yet: next time it may be understood better
        if len(self._understood) >= _REPEATED:
            self._understood.clear()
        self._understood[key] = heard
        return heard

    def understand_now(self, text: str) -> Understanding:
        """What a message means, by words alone: at most a millisecond."""
        return self._hear(text)[0]

    def _hear(self, text: str) -> tuple[Understanding, Match | None]:
        danger = self._danger.recognise(text) if self._danger else None
        said = words(text)
        command, asked = self._controls.hear(text)
        language = language_of(text, said)
        if command is not None:
            danger = danger if command.control in MAY_BE_A_CRY else None
            scope = command.scope.value if command.control in {Control.STOP, Control.UNSUBSCRIBE} else ""
            return Understanding(danger=danger, control=command.control, control_scope=scope, language=language), None
        match = self._ranker.lexical.match(asked, language if language in LANGUAGES else None)
        heard = Understanding(
            danger=danger,
            language=language,
            follow_up=follow_up(said),
            leaning=leaning(said),
            correction=correction(said),
        )
        return self._judged(text, heard, self._ranker.rank(match)), match

    def _may_be_danger(self, text: str, heard: Understanding) -> bool:
        """Whether the meaning could still tell danger from calm; the words of most controls leave no doubt."""
        clear = heard.control is not None and heard.control not in MAY_BE_A_CRY
        return self._danger is not None and not clear and self._danger.doubtful(text)

    def _judged_with(self, text: str, heard: Understanding, match: Match | None, vector: Any) -> Understanding:
        if self._danger is not None:
            heard = replace(heard, danger=self._danger.recognise(text, vector))
        return heard if match is None else self._judged(text, heard, self._ranker.rank(match, vector))

    def _judged(self, text: str, heard: Understanding, ranking: Ranking) -> Understanding:
        if heard.language == OTHER:
            ranking = replace(ranking, outcome=Outcome.NONE)
        return replace(heard, ranking=ranking, second=self._second(text, ranking, heard.danger))

    def _second(self, text: str, whole: Ranking, danger: Danger | None) -> str:
        """The article of another question in the same message, when both parts are clear by themselves.

        Beside a danger one clear part is enough: the danger itself is the other.
        """
        parts = [part for part in _PARTS.split(text) if len(part.split()) >= _SECOND_QUESTION]
        if not 2 <= len(parts) <= 4:
            return ""
        rankings = [self._ranker.rank(self._ranker.lexical.match(part)) for part in parts]
        sure = [r.hits[0].article for r in rankings if r.outcome is Outcome.ANSWER]
        if danger is not None:
            return next((article for article in sure if article not in {danger.article, *danger.also}), "")
        first = whole.hits[0].article if whole.hits else ""
        others = [article for article in dict.fromkeys(sure) if article != first]
        return others[0] if others and len(set(sure)) > 1 else ""

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


SURE = 0.97
"""So sure by words alone that the encoder is not asked: it costs 40 ms, and changes one such answer in a thousand."""


def load_glossary(content: Path) -> Glossary:
    """The glossary of a content folder; a missing file is an empty one. A form that makes no sense raises ValueError."""
    path = content / "vocabulario.yaml"
    if not path.is_file():
        return Glossary()
    return Glossary.from_data(yaml.load(path.read_text(encoding="utf-8"), Loader=_LOADER))  # noqa: S506 - both are safe
