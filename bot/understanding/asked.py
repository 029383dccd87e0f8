"""Which sections of an article a whole question asks for: "cuánto cuesta el carné" its costs, "dónde saco el CUL" where.

Only words that leave no doubt count; without them the summary is the answer. What the question is about is not decided
here, and a short question about the article in hand ("¿y cuánto cuesta?") is the matter of `follow_up.py`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

LONGEST = 24
"""Words: a longer message tells a case, and the summary answers more of it than one section."""

_MUST = r"(?:me |se |nos |le |lo |la |te |i |hay que |tengo que |debo |debes |puedo |toca |van a )*"
_ASKED: tuple[tuple[str, str], ...] = (
    (
        "costo",
        rf"\bcuant[oa]s? (?:mas o menos )?{_MUST}(?:cuestan?|costo|costaria|costara|sale|salen|saldria|saldra|vale|valen|cobran|"
        r"cobra|cobraran|pago por|pagar|gasto|gastar)\b|\bcuant[oa]s? (?:se paga|se pagan|pago)\b"
        r"|(?:^|\b(?:saber|conocer|consultar|preguntar|digan|dime|diganme|info|informacion|requisitos|y|hola) )(?:el |la |los |las |de |sobre |cual es )*"
        r"(?:costos?|precios?|tasa|tarifa|monto) (?:de|del|para|por)\b"
        r"|\bcual es (?:el|la) (?:costo|precio|tasa|tarifa|monto|pago)\b|\bque (?:costo|precio|tasa) (?:tiene|es)\b|\btiene (?:algun )?costo\b"
        r"|\b(?:es|son|sera) (?:totalmente |todo )?(?:gratis|gratuit[oa]s?|pagad[oa]s?)\b"
        r"|\bhow much (?:does|do|is|are|would|will|it|to|for|the)\b(?! i (?:get|earn|receive))|\b(?:cost|price|fee|fees) (?:of|for|to)\b"
        r"|\b(?:is|are) (?!there)(?:\w+ ){1,5}free\b|^(?:costos?|precios?|tarifa|cost|price) \w|\b(?:costos?|precios?|cost|price)$",
    ),
    (
        "tiempo",
        rf"\bcuanto (?:es lo que )?(?:tiempo )?(?:mas o menos )?{_MUST}(?:demoran?|demorara|tardan?|tardara|dura|duran|durara|demorarse)\b"
        r"|(?<!hace )\bcuanto tiempo\b|\ben cuant[oa]s? (?:tiempo|dias|semanas|meses)\b|\bcual es el plazo\b|\bque plazo\b"
        r"|\b(?:plazo|tiempo de espera|demora) (?:de|del|para)\b|\bcuanto (?:hay|tengo) que esperar\b"
        r"|\bhow long\b(?! (?:have|has|ago))|\bhow many (?:days|weeks|months) (?:does|do|will)\b|^(?:tiempo|demora|plazo) \w",
    ),
    (
        "requisitos",
        rf"\brequisitos?\b|\bque (?:papeles|documentos|documentacion) {_MUST}(?:son |hacen falta|falta|necesito|necesita|necesitan|"
        r"piden|pide|exigen|llevo|llevar|presento|presentar|tener|tramitar|entregar)"
        rf"|\bque {_MUST}(?:necesito|necesita|necesitan|piden|pide|exigen|hace falta|llevo|llevar) (?:para|en|si)\b"
        r"|\b(?:documentos|papeles) (?:necesarios|requeridos|que (?:piden|necesito|se necesitan|hay que llevar))\b"
        r"|\b(?:requirements?|what (?:documents|papers|paperwork))\b|\bwhat (?:do|will|would) (?:i|we|you|they) (?:need|require|ask)"
        r"(?: to| for|$)|\bwhat is (?:needed|required)\b",
    ),
    (
        "donde",
        rf"(?:^|\b(?:saber|sabes|saben|sabe|digan|diganme|dime|indiquen|hola|y|pero) )(?:a |en |por |de |para |hacia )?a?donde {_MUST}"
        r"(?:saco|sacar|sacarlo|tramito|tramitar|hago|hacer|hace|pido|pedir|solicito|solicitar|consigo|conseguir|voy|ir|acudo|acudir|"
        r"queda|quedan|esta la|estan|recojo|recoger|recoge|presento|presentar|renuevo|renovar|denuncio|denunciar|reporto|quejarme|"
        r"pago|pagar|paga|saca|tramita|renueva|solicita|dan|atienden|atender|inscribo|inscribir|inscribirme|registro|"
        r"registrarme|apostillo|apostillar|legalizo|legalizar|reclamo|reclamar|llamo|llamar|encuentro|encontrar|busco|buscar|afilio|"
        r"afiliarme|compro|abro|abrir)\b"
        r"|\b(?:en|a) (?:que|cual) (?:oficina|sede|lugar|sitio|pagina|entidad|institucion)\b|\b(?:direccion|ubicacion|horario) de (?:la|el|los|las)\b"
        r"|^(?:hi |hello |hey |and |so |please )*where (?:do|can|should|could|would|must|to|is|are)\b",
    ),
    (
        "pasos",
        r"\b(?:los |cuales son los |que )?pasos (?:para|de|del|a seguir|tengo)\b|\bpaso a paso\b|\b(?:the )?steps (?:to|for)\b",
    ),
)
_READ = tuple((section, re.compile(pattern)) for section, pattern in _ASKED)

_WHAT_IT_IS = re.compile(
    r"\b(?:para que (?:me |nos )?sirve|que es|que significa|en que consiste|what is an?|what does)\b"
)
"""Who asks this as well wants the summary."""


def asked_sections(said: Sequence[str]) -> tuple[str, ...]:
    """The sections that the words of a question ask for, in the order in which they are asked; at most two."""
    if not 2 <= len(said) <= LONGEST:
        return ()
    line = " ".join(said)
    if _WHAT_IT_IS.search(line):
        return ()
    found = sorted((at.start(), section) for section, pattern in _READ if (at := pattern.search(line)))
    return tuple(section for _, section in found[:2])
