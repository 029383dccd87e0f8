"""What can be guessed from the words of a vacancy: its sectors, languages, schedule, and the employer behind a name.

Guesses serve only to match and to group. They are never shown as facts.
"""

from __future__ import annotations

import re

from bot.alerts.lexicon import Lexicon
from bot.alerts.plain import folded, title

_GENDER = re.compile(r"\s*[(/]\s*(?:a|o|as|os|es|x|e)\b(?:\s*\))?", re.IGNORECASE)
_ENGLISH = re.compile(r"\b(?:the|and|of|to|with|for|you|our|we|will|your|are|is|team|experience)\b")
_SPANISH = re.compile(r"\b(?:de|la|el|los|las|y|con|para|en|por|que|se|un|una|del)\b")


def sectors(lexicon: Lexicon, name: str, description: str) -> tuple[str, ...]:
    """At most two sectors: what the title says, else what the description says most."""
    by_title = lexicon.sectors.counted(folded(name))
    by_text = lexicon.sectors.counted(folded(description[:4000]))
    hits = {sector: 10 * by_title.get(sector, 0) + by_text.get(sector, 0) for sector in {*by_title, *by_text}}
    ranked = sorted(hits, key=lambda sector: (-hits[sector], sector))
    if by_title:
        return tuple(sector for sector in ranked if sector in by_title)[:2]
    return tuple(ranked[:1])


def named_sectors(lexicon: Lexicon, said: str) -> tuple[str, ...]:
    """The sectors that a column of their own names; empty when none of them is known."""
    ids = {folded(sector): sector for sector in lexicon.sectors.patterns}
    return (ids[folded(said)],) if folded(said) in ids else sectors(lexicon, said, "")


def asked(lexicon: Lexicon, said: str) -> tuple[str, ...]:
    """The languages that a column of their own names, by code or by name."""
    pieces = [folded(piece) for piece in re.split(r"[,;/|+]|\s[ye]\s", said)]
    codes = [piece for piece in pieces if piece in lexicon.languages.patterns]
    return tuple(dict.fromkeys((*codes, *languages(lexicon, "\n".join(f"con {piece}" for piece in pieces))[1:])))


def languages(lexicon: Lexicon, text: str) -> tuple[str, ...]:
    """Every language that the job asks for."""
    said = folded(text)
    named = lexicon.languages.named(said)
    asked = [language for language in named if language != "no_exige"]
    english = len(_ENGLISH.findall(said))
    if not asked and english >= 6 and english > 3 * len(_SPANISH.findall(said)):
        asked = ["en"]
    return ("es", *asked) if "no_exige" not in named else ("es",)


def schedule(lexicon: Lexicon, text: str) -> tuple[str, ...]:
    """The working time, when it is an unusual one (nights, weekends...)."""
    return tuple(lexicon.schedule.named(folded(text)))


def employer(lexicon: Lexicon, written: str) -> str | None:
    """The name of the employer; None for "confidential", a dash, "an important company"."""
    name = title(written)
    said = folded(name)
    if said in lexicon.nameless or not any(letter.isalnum() for letter in name):
        return None
    if any(word in said for word in lexicon.nameless_with) or said.startswith(lexicon.nameless_start):
        return None
    return name


def employer_key(lexicon: Lexicon, name: str) -> str:
    """One employer under all its spellings: without the legal form, accents and signs."""
    said = folded(name)
    return lexicon.legal_forms.sub("", said) or said


def title_key(name: str) -> str:
    """One title under its spellings: without "(a)" and "/as"."""
    return folded(_GENDER.sub("", name)) or folded(name)
