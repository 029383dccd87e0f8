"""Several things said in one message: its parts, each a sentence or a clause that can be understood by itself.

Cutting is not understanding: whoever asks for the parts must judge each of them. A message is never cut inside a word,
and what says nothing by itself ("una pregunta") is no part.
"""

from __future__ import annotations

import re

FEWEST_WORDS = 3
"""Words that a part has at least: with fewer, nothing can be told of it."""
MOST = 4
"""Parts of a message that are worth a look; who tells a story in more is not asking two things."""

_SAYING_THAT_MORE_COMES = (
    r"(?:una |otra |otro )(?:cosa|cosita|pregunta|preguntita|consulta|consultita|duda|tema)(?: mas| más)?"
    r"|por cierto|a todo esto|aparte de eso|aparte|de paso|ademas|además|tambien|también|de otro lado|por otro lado"
    r"|(?:one more|another) (?:thing|question)|by the way|btw|on another note|also|besides"
)
_ASKING = (
    r"(?:a |en |de |con |por )?(?:cuanto|cuánto|cuanta|cuánta|cuantos|cuántos|como|cómo|donde|dónde|adonde|adónde|que|qué"
    r"|cual|cuál|cuales|cuáles|cuando|cuándo|quien|quién)\b"
    r"|(?:puedo|pueden|se puede|necesito saber|quiero saber|quisiera saber|quería preguntar|queria preguntar"
    r"|how|what|where|when|which|can i|do i|i want to know|i need to know)\b"
)
_CUT = re.compile(
    rf"[?!¿¡;\n]+|\.(?=\s|$)|(?:,|\by|\be|\band|\bbut|\bpero)*\s*\b(?:{_SAYING_THAT_MORE_COMES})\b[,:]?"
    rf"|(?:,|\s(?:y|e|and|but|pero))\s+(?=(?:y |e |and |but |pero )?(?:{_ASKING}))",
    re.IGNORECASE,
)
_JOINING = re.compile(r"^[\s,:]*(?:(?:y|e|and|but|pero|o sea|entonces)\s+)+|^[\s,:]+|[\s,]+$", re.IGNORECASE)


def parts_of(text: str) -> tuple[str, ...]:
    """The parts of a message in their order, each without the word that joins it to the one before.

    Empty when it says only one thing, or too many.
    """
    cut = (_JOINING.sub("", part) for part in _CUT.split(text))
    parts = tuple(part for part in cut if len(part.split()) >= FEWEST_WORDS)
    return parts if 2 <= len(parts) <= MOST else ()
