"""Short questions that only make sense about the article in hand: how much, where, how long, what do I need.

Only the whole of a short message counts: "¿y cuánto cuesta?" is a follow-up, "¿cuánto cuesta el carné?" is a question.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_LONGEST = 9
_FILLER = frozenset(
    """y e ok ya bueno pero entonces eso esto el la lo los las ese esa este esta es que de me se un una para por favor
    x q d m hola gracias oye mira pues amigo ahi aqui todo mas o menos tramite proceso documento cosa and so then it that
    this the is a an please ok well but do does i to for of would will be tiene tengo hay alla en al sobre mi seria
    sera toca aproximadamente otro otra otros otras nada tanto hoy ahorita amiga pana chamo bro mano
    """.split()
)
_SECTIONS: tuple[tuple[str, str], ...] = (
    (
        "costo",
        r"cuanto|cuanta|cuesta|costo|costos|precio|vale|cobran|cobra|pagar|pago|paga|tarifa|gratis|plata|cuestan|sale|"
        r"how|much|cost|costs|price|fee|free|pay|cobro|monto|como|yape|efectivo|banco|van|cobrar|cobraran|cobrarme|"
        r"toca|corresponde|deben|dan|dar|pagan|debo|plata|charge|they",
    ),
    (
        "tiempo",
        r"cuanto|demora|demoran|tarda|tardan|tiempo|dura|plazo|dias|semanas|meses|rapido|cuando|listo|lista|how|long|"
        r"take|takes|time|days|weeks|when|ready|duration|demorara|tardara|esperar|espero|"
        r"hasta|vale|vence|vencen|vigencia|caduca|sirve|until|valid|expire|expires|pagan|dan|entregan|depositan|llega|sale|salen",
    ),
    (
        "donde",
        r"donde|lugar|direccion|oficina|adonde|ir|voy|queda|quedan|sede|sitio|link|pagina|web|where|address|office|go|"
        r"place|website|dnd|acudo|acudir|llamar|telefono|numero|horario|atienden|phone|pago|pagar|pay|"
        r"denuncio|denunciar|reclamo|reclamar|quejo|quejarme|report|complain|atiendo",
    ),
    (
        "requisitos",
        r"requisitos|requisito|necesito|necesita|piden|pide|papeles|documentos|documentacion|llevo|llevar|falta|"
        r"cuales|cual|son|what|need|needed|requirements|documents|papers|bring|required|which|exigen|presentar|presento|"
        r"sin|si|no|tengo|pasaporte|cedula|partida|without|if|dont|have|passport|traje|traigo",
    ),
    (
        "pasos",
        r"como|hago|pasos|paso|hacer|hace|empiezo|empezar|inicio|saco|solicito|pido|sigue|primero|how|steps|step|start|"
        r"apply|next|what|should|tramito|inscribo|registro|hacerlo",
    ),
    (
        "ojo",
        r"ojo|cuidado|riesgo|riesgos|problema|problemas|advertencia|peligro|careful|risk|risks|warning|pasa|pasaria|si|no",
    ),
)
_KEYS = {
    "costo": r"cuesta|costo|costos|precio|vale|cobran|cobra|pagar|pago|paga|tarifa|gratis|cuestan|monto|sale|cobrar|cobraran|cobrarme|cuanto|cuanta|charge|cost|costs|much|price|fee|free|pay",
    "tiempo": r"demora|demoran|tarda|tardan|tiempo|dura|plazo|dias|semanas|meses|rapido|cuando|long|take|takes|time|days|when|demorara|tardara|esperar|espero|hasta|vence|vencen|vigencia|caduca|until|expire|expires",
    "donde": r"donde|lugar|direccion|oficina|adonde|queda|quedan|sede|link|pagina|where|address|office|place|website|dnd|acudo|acudir|telefono|horario|atienden",
    "requisitos": r"requisitos|requisito|necesito|necesita|piden|pide|papeles|documentos|documentacion|llevo|llevar|need|needed|requirements|documents|papers|bring|required|exigen|presentar|presento|pasaporte|cedula|partida|passport",
    "pasos": r"como|pasos|paso|empiezo|empezar|hago|steps|step|start|apply|how",
    "ojo": r"ojo|cuidado|riesgo|riesgos|careful|risk|risks",
}
_READ = tuple((section, re.compile(known), re.compile(_KEYS[section])) for section, known in _SECTIONS)
_BEGINS = frozenset("y e pero and but".split())
_POINTS = frozenset("eso ese esa esto ahi it that this".split())
_DENIAL = frozenset("no nop nope nel".split())
_WRONG = frozenset(
    """eso esa ese esto era referia pregunte pregunto queria buscaba quise tampoco sirve respuesta otra otro that thats not
    isnt meant asked wrong this entendiste equivocado incorrecto pregunta""".split()
)
_AROUND = frozenset(
    """no nop nope nel es fue asi me lo la a que quiero decir hablo hablaba de mi cosa te ni el al yo i what the one it mean
    right is did you""".split()
)
_CORRECTIONS = frozenset(
    (
        "otra cosa",
        "otro tema",
        "otra pregunta",
        "es otra cosa",
        "me refiero a otra cosa",
        "te equivocaste",
        "equivocado",
        "incorrecto",
        "estas mal",
        "tampoco",
        "no entendiste",
        "no me entendiste",
        "no me entiendes",
        "wrong",
        "wrong one",
        "wrong answer",
        "something else",
        "another thing",
        "another question",
        "you misunderstood",
    )
)
_RUDE = frozenset(
    """mierda inutil basura estupido estupida idiota imbecil porqueria pendejo huevon cojudo carajo maldito maldita pesimo malisimo
    useless stupid shit crap idiot dumb fuck fucking sirves puta puto verga cono""".split()
)
_AROUND_RUDE = frozenset(
    """hola eres no para nada de un una que muy vete a la el al madre bot robot rumbo este esta esto es tu te vayas anda
    sirve servicio pagina chat y you are this is so off a the go to hell""".split()
)


def follow_up(said: Sequence[str]) -> str:
    """The section that the words of a short message ask for, or an empty text."""
    if not 1 <= len(said) <= _LONGEST:
        return ""
    telling = [word for word in said if word not in _FILLER]
    if not telling:
        return ""
    for section, known, key in _READ:
        if all(known.fullmatch(word) for word in telling) and any(key.fullmatch(word) for word in telling):
            return section
    return ""


def leaning(said: Sequence[str]) -> float:
    """How much a short message leans on what was said before: `puedo trabajar con eso?` half, `y mi hijo?` a fifth."""
    if not 1 < len(said) <= _LONGEST:
        return 0.0
    if not _POINTS.isdisjoint(said):
        return 0.5
    return 0.2 if said[0] in _BEGINS else 0.0


def correction(said: Sequence[str]) -> bool:
    """Whether these are the words of somebody for whom the last answer was not what they asked."""
    if len(said) > _LONGEST:
        return False
    if " ".join(said) in _CORRECTIONS or is_rude(said):
        return True
    denied = bool(said) and (
        said[0] in _DENIAL or said[:2] in (["eso", "no"], ["esa", "no"], ["thats", "not"], ["that", "is"])
    )
    return denied and any(w in _WRONG for w in said) and all(w in _WRONG | _AROUND for w in said)


def is_rude(said: Sequence[str]) -> bool:
    """Whether somebody only vents at us: what we said did not help, and nothing else is asked."""
    return any(word in _RUDE for word in said) and all(word in _RUDE | _AROUND_RUDE for word in said)
