"""What Rumbo knows and how it understands: library, words, search, trust gate, kept in step with the content folder.

A file that an editor has broken changes nothing: its last good version stays in service, and the log names it once.
"""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.alerts.trust import Offer, TrustGate
from bot.clock import Clock
from bot.conversation import ChooseLanguage, Effect, Forget, Subscribe, Unsubscribe
from bot.library.library import Library
from bot.library.load import Shelf
from bot.person import Consent, Person, Wish
from bot.settings import Settings
from bot.understanding.danger import DangerRecogniser
from bot.understanding.danger_weighing import Weights
from bot.understanding.encoder import load_encoder
from bot.understanding.reader import Reader
from bot.word_files import READERS
from bot.wording import Wording
from bot.words import Words, broken_words, heard_by

log = logging.getLogger(__name__)


def keep_for_good() -> None:
    """Take what is there now for permanent: looking through the index again and again would cost a tenth of the CPU."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


class Mind:
    """The content as it is served now. `refresh` takes up what editors changed; a broken file changes nothing."""

    def __init__(self, chosen: Settings, clock: Callable[[], datetime], *, encoder: bool = True) -> None:
        self._settings = chosen
        self.now = clock
        self.shelf = Shelf(chosen.content, READERS)
        self.words = Words(chosen.content, self.shelf.sheets, self.library.country)
        self._weights = Weights.load()
        self._encoder = load_encoder(chosen.encoder) if encoder else None
        self._heard = heard_by(self.shelf.served)
        self._broken: frozenset[str] = frozenset()
        self.reader: Reader = self._read_anew()

    @property
    def wording(self) -> Wording:
        """The words of every language: always the same object, renewed in place."""
        return self.words.wording

    @property
    def gate(self) -> TrustGate:
        """The trust gate for offers."""
        return self.words.gate

    @property
    def library(self) -> Library:
        """The content as it is served now."""
        return self.shelf.current

    async def refresh(self) -> None:
        """Take up changed files; the search is made anew, in a thread, when what it is made from has changed."""
        if not await asyncio.to_thread(self.shelf.refresh):
            return
        self.words.take(self.shelf.served, self.library.country)
        self._tell_broken()
        heard = heard_by(self.shelf.served)
        if heard != self._heard:
            self._heard = heard  # tried once: what cannot be read does not get better by trying
            self.reader = await asyncio.to_thread(self._read_anew)
            await self.reader.prepare()
        if gc.get_freeze_count():
            keep_for_good()
        log.info("content_changed", extra={"version": self.library.version, "problems": len(self.library.problems)})

    def _tell_broken(self) -> None:
        """Name each file of words that has just been broken, once."""
        broken = {sheet.place.path: problem for sheet in self.shelf.sheets.values() if (problem := broken_words(sheet))}
        for path in broken.keys() - self._broken:
            log.warning("words_broken", extra={"file": path, "line": broken[path].line, "mistake": broken[path].code})
        self._broken = frozenset(broken)

    def _read_anew(self) -> Reader:
        danger = DangerRecogniser(self.words.danger, self._weights)
        return Reader(self.library, danger, self.words.glossary, encoder=self._encoder, var=self._settings.var)

    def weigh(self, text: str) -> Mapping[str, Any]:
        """What the trust gate says of a pasted offer: hold and signals."""
        verdict = self.gate.judge(Offer(text))
        return {"hold": verdict.hold, "signals": verdict.signals}

    def after(self, person: Person, effects: Sequence[Effect], now: datetime) -> Person:
        """The person as they are after a turn: for conversations in memory, without a database."""
        for effect in effects:
            match effect:
                case ChooseLanguage(language, chosen):
                    person = replace(person, language=language, language_chosen=chosen)
                case Subscribe(wish, words):
                    topic = "alerts" if wish.alerts else "fairs"
                    consent = Consent(topic, True, now, person.address.channel, words)
                    person = replace(person, wish=wish, consents=(*person.consents, consent))
                case Unsubscribe(scope, words):
                    topics = ("alerts", "fairs") if scope == "all" else (scope,)
                    ended = tuple(Consent(topic, False, now, person.address.channel, words) for topic in topics)
                    person = replace(person, wish=_less(person, topics), consents=(*person.consents, *ended))
                case Forget():
                    person = Person(person.id, person.address)
                case _:
                    continue
        return person


def _less(person: Person, topics: Sequence[str]) -> Wish | None:
    """What is left of a wish when some of its topics end."""
    if person.wish is None:
        return None
    wish = replace(
        person.wish,
        alerts=person.wish.alerts and "alerts" not in topics,
        fairs=person.wish.fairs and "fairs" not in topics,
    )
    return wish if wish.alerts or wish.fairs else None


async def think(chosen: Settings, *, encoder: bool = True) -> Mind:
    """What Rumbo knows, ready to answer, without a database."""
    mind = Mind(chosen, Clock(), encoder=encoder)
    await mind.reader.prepare()
    return mind
