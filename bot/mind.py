"""What Rumbo knows and how it understands: library, words, search, trust gate, kept in step with the content folder."""

from __future__ import annotations

import asyncio
import gc
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from bot.clock import Clock
from bot.conversation import ChooseLanguage, Effect, Forget, Subscribe, Unsubscribe
from bot.library.library import Library
from bot.library.load import Shelf
from bot.person import Consent, Person, Wish
from bot.settings import Settings
from bot.understanding.danger import DangerRecogniser
from bot.understanding.encoder import load_encoder
from bot.understanding.reader import Reader, load_glossary
from bot.wording import Wording

if TYPE_CHECKING:
    from bot.alerts.trust import TrustGate

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
        self.shelf = Shelf(chosen.content)
        self.wording = Wording.read(chosen.content)
        self._danger = DangerRecogniser.load(chosen.content)
        self._encoder = load_encoder(chosen.encoder) if encoder else None
        self._known = ""
        self.reader: Reader = self._read_anew()

    @cached_property
    def gate(self) -> TrustGate:
        """The trust gate for offers; loaded when the first one comes."""
        from bot.alerts.trust import TrustGate  # noqa: PLC0415 - a start that meets no offer saves it

        return TrustGate.from_rules((self._settings.content / "ofertas.yaml").read_text(encoding="utf-8"))

    @property
    def library(self) -> Library:
        """The content as it is served now."""
        return self.shelf.current

    async def refresh(self) -> None:
        """Take up changed files; the search is made anew in a thread."""
        await asyncio.to_thread(self.shelf.refresh)
        if self.library.version != self._known:
            self.reader = await asyncio.to_thread(self._read_anew)
            await self.reader.prepare()
            if gc.get_freeze_count():
                keep_for_good()
            log.info("content_changed", extra={"version": self.library.version, "problems": len(self.library.problems)})

    def _read_anew(self) -> Reader:
        self._known = self.library.version
        return Reader(
            self.library,
            self._danger,
            load_glossary(self._settings.content),
            encoder=self._encoder,
            var=self._settings.var,
        )

    def weigh(self, text: str) -> Mapping[str, Any]:
        """What the trust gate says of a pasted offer: hold and signals."""
        from bot.alerts.trust import Offer  # noqa: PLC0415

        verdict = self.gate.judge(Offer(text))
        return {"hold": verdict.hold, "signals": verdict.signals}

    def after(self, person: Person, effects: Sequence[Effect], now: datetime) -> Person:
        """The person as they are after a turn: for conversations in memory, without a database."""
        for effect in effects:
            match effect:
                case ChooseLanguage(language, chosen):
                    person = replace(person, language=language, language_chosen=chosen)
                case Subscribe(wish, words):
                    consent = Consent("alerts", True, now, person.address.channel, words)
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
