"""Short questions that only make sense about the article in hand: how much, where, how long, what do I need.

Only the whole of a short message counts: "¿y cuánto cuesta?" is a follow-up, "¿cuánto cuesta el carné?" is a question.
"""

from __future__ import annotations

import re

from bot.understanding.text import words

_LONGEST = 9
_FILLER = frozenset(
    """y e ok ya bueno pero entonces eso esto el la lo los las ese esa este esta es que de me se un una para por favor
    x q d m hola gracias oye mira pues amigo ahi aqui todo mas o menos tramite proceso documento cosa and so then it that
    this the is a an please ok well but do does i to for of would will be tiene tengo hay alla en al sobre mi seria
    sera toca aproximadamente
    """.split()
)
_SECTIONS: tuple[tuple[str, str], ...] = (
    (
        "costo",
        r"cuanto|cuanta|cuesta|costo|costos|precio|vale|cobran|cobra|pagar|pago|paga|tarifa|gratis|plata|cuestan|sale|"
        r"how|much|cost|costs|price|fee|free|pay|cobro|monto",
    ),
    (
        "tiempo",
        r"cuanto|demora|demoran|tarda|tardan|tiempo|dura|plazo|dias|semanas|meses|rapido|cuando|listo|lista|how|long|"
        r"take|takes|time|days|weeks|when|ready|duration|demorara|tardara|esperar|espero",
    ),
    (
        "donde",
        r"donde|lugar|direccion|oficina|adonde|ir|voy|queda|quedan|sede|sitio|link|pagina|web|where|address|office|go|"
        r"place|website|dnd|acudo|acudir|llamar|telefono|numero|horario|atienden|phone",
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
    "costo": r"cuesta|costo|costos|precio|vale|cobran|cobra|pagar|pago|paga|tarifa|gratis|cuestan|monto|sale|cost|costs|much|price|fee|free|pay",
    "tiempo": r"demora|demoran|tarda|tardan|tiempo|dura|plazo|dias|semanas|meses|rapido|cuando|long|take|takes|time|days|when|demorara|tardara|esperar|espero",
    "donde": r"donde|lugar|direccion|oficina|adonde|queda|quedan|sede|link|pagina|where|address|office|place|website|dnd|acudo|acudir|telefono|horario|atienden",
    "requisitos": r"requisitos|requisito|necesito|necesita|piden|pide|papeles|documentos|documentacion|llevo|llevar|need|needed|requirements|documents|papers|bring|required|exigen|presentar|presento|pasaporte|cedula|partida|passport",
    "pasos": r"como|pasos|paso|empiezo|empezar|hago|steps|step|start|apply|how",
    "ojo": r"ojo|cuidado|riesgo|riesgos|careful|risk|risks",
}
_CORRECTION = re.compile(
    r"(?:no |nop |nope |nel )+(?:(?:eso|esa|ese|esto|era|es|fue|asi|me referia|referia|lo|la|a|que|pregunte|pregunto|quiero|"
    r"queria|buscaba|quise|decir|hablo|hablaba|de|mi|pregunta|thats|that|not|what|i|meant|asked|it|isnt|the|one|wrong|"
    r"right|otra|cosa|tampoco|sirve|respuesta|mean|this) ?)*"
    r"|(?:otra cosa|otro tema|otra pregunta|eso no(?: es| era| fue)?(?: lo que)?(?: te)?(?: pregunte| pregunto| queria| buscaba| quiero)?|"
    r"no es eso|no era eso|te equivocaste|equivocado|incorrecto|estas mal|wrong|wrong one|something else|"
    r"another thing|thats not it|thats not what i (?:asked|meant|want|wanted)|not that|not that one|me refiero a otra cosa|"
    r"no entendiste|no me entendiste|no me entiendes|you misunderstood|esa no es(?: mi pregunta)?|tampoco)"
)


def follow_up(text: str) -> str:
    """The section that a short message asks for, or an empty text."""
    said = words(text)
    if not 1 <= len(said) <= _LONGEST:
        return ""
    telling = [word for word in said if word not in _FILLER]
    if not telling:
        return ""
    for section, known in _SECTIONS:
        whole = re.compile(rf"(?:{known})")
        if all(whole.fullmatch(word) for word in telling) and any(
            re.fullmatch(_KEYS[section], word) for word in telling
        ):
            return section
    return ""


def correction(text: str) -> bool:
    """Whether the person says that the last answer was not what was asked."""
    said = " ".join(words(text))
    return (
        0 < len(said) <= 60
        and said != "no"
        and bool(_CORRECTION.fullmatch(said.strip()) or _CORRECTION.fullmatch(said + " "))
    )
