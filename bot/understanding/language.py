"""Which language a message is in, by the small words that every sentence needs. It must not flip on a single word.

Spanish and English are spoken here; Portuguese, French and Haitian Creole are recognised so that we can say that we do
not speak them. Unsure is an answer: the caller keeps the language that the conversation has.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.understanding.text import plain, words

OTHER = "other"
_SURE = 2  # small words that a language must be ahead by when nothing else speaks for it

_SPANISH = frozenset(
    """el los las una unos unas del al y en con por para pero que como cuando donde cual cuanto cuanta quien porque si mi
    mis su sus me te le les lo nos se es son soy estoy esta estan hay tengo tiene tienen puedo puede quiero necesito
    hacer hago sin sobre desde hasta muy mas ya tambien aqui aca este esto eso ese yo tu usted ustedes ella ellos fue ser
    he ha han voy va dan sacar saco piden pide cuesta gracias hola buenas buenos dias tardes ayuda trabajo papeles
    xq q pa xfa toy kiero xa d m dnd""".split()
)
_ENGLISH = frozenset(
    """the an of to in on at for from with and or but if is are am was were be been do does did i you he she it we they
    my your his her our their this that these those what which who when where how why can could will would should may
    have has had not get need want work job please help thanks hello im dont cant ive there here about without
    any some much many long me us them by as so than just still only after before""".split()
)
_ENGLISH_GREETINGS = frozenset("hi hiya good morning afternoon evening night day greetings".split())
_PORTUGUESE = frozenset(
    """nao voce voces meu minha meus minhas preciso precisa uma umas dos das com pra pelo pela isso isto aqui muito
    quero queria tenho posso obrigado obrigada bom boa ola onde quando quanto fazer estou sou trabalho carteira ate
    ajuda tambem mas e o os em no na nos nas ao esta eu ele ela seu sua""".split()
)
_FRENCH = frozenset(
    """je tu il elle nous vous ils le la les un une des du de et est sont suis avec pour dans sur mon ma mes votre vos
    comment ou quand pourquoi quel quelle bonjour bonsoir merci besoin veux peux faire travail papiers aide ai avez ce
    cette qui que ne pas""".split()
)
_CREOLE = frozenset(
    """mwen ou li nou yo ki kijan kote kisa poukisa se pou ak nan gen bezwen vle kapab ka fe travay papye ede tanpri
    mesi bonjou bonswa pa mwem sa yon anpil dwe jwenn""".split()
)
_SHARED = frozenset(
    "a de des da das do e o as no na la le les un tu ou que me meu ma on ce qui mas ate boa se sa li ki ka".split()
)
_ONLY_PORTUGUESE = _PORTUGUESE - _SPANISH - _ENGLISH - _SHARED
_ONLY_FRENCH = _FRENCH - _SPANISH - _ENGLISH - _SHARED
_ONLY_CREOLE = _CREOLE - _SPANISH - _ENGLISH - _FRENCH - _SHARED
_UNMISTAKABLE = frozenset(
    """obrigado obrigada faco voce voces preciso estrangeiro estrangeira carteira custa nao brasileiro
    merci bonjour bonsoir besoin je nous vous suis combien etranger
    mesi bonjou bonswa mwen tanpri kijan kombyen pale espanyol panyol
    ich brauche hilfe guten danke bitte""".split()
) - (_SPANISH | _ENGLISH)
"""Words of languages that are not spoken here; one is enough where no more words speak for another language."""
_OPENINGS = frozenset("hola buenas buenos dias tardes gracias hello thanks please ayuda help trabajo work job".split())


def language_of(text: str, said: Sequence[str] | None = None) -> str | None:
    """`es`, `en`, `other`, or None when a message is too short or too mixed to tell. `said`: its words, if known."""
    said = words(text) if said is None else said
    spanish, english = count(said, "es"), count(said, "en")
    foreign = max(_foreign(said))
    if foreign >= _SURE and foreign > spanish and foreign > english:
        return OTHER
    plainly = sum(word in _UNMISTAKABLE for word in said)
    if plainly > 0 == english and plainly >= spanish:
        return OTHER
    if "¿" in text or "¡" in text or "ñ" in text.lower():
        spanish += 1
    if spanish >= english + _SURE or (spanish > english == 0 and _speaks(said, _SPANISH)):
        return "es"
    if english >= spanish + _SURE or (english > spanish == 0 and _speaks(said, _ENGLISH)):
        return "en"
    return None if _other_script(text) is False else OTHER


def perhaps_of(said: Sequence[str]) -> str:
    """The language of a message too short to tell, like `hi` or `good morning`; empty when it may be either.

    Only for somebody of whom nothing else is known: it speaks for English alone, since Spanish is what we begin with.
    """
    own = sum(word in _ENGLISH or word in _ENGLISH_GREETINGS for word in said)
    return "en" if said and own == len(said) and count(said, "es") == 0 else ""


def count(said: Sequence[str], language: str) -> int:
    """How many small words of Spanish or English there are."""
    known = _ENGLISH if language == "en" else _SPANISH
    return sum(word in known for word in said)


def _foreign(said: Sequence[str]) -> tuple[int, int, int]:
    return (
        sum(word in _ONLY_PORTUGUESE for word in said),
        sum(word in _ONLY_FRENCH for word in said),
        sum(word in _ONLY_CREOLE for word in said),
    )


def _speaks(said: Sequence[str], known: frozenset[str]) -> bool:
    """One small word is enough in a message of several words, unless it is only an opening."""
    return len(said) > 1 and any(word in known and word not in _OPENINGS for word in said)


def _other_script(text: str) -> bool:
    letters = [c for c in plain(text) if c.isalpha()]
    return len(letters) >= 2 and sum(ord(c) > 0x24F for c in letters) > len(letters) / 2
