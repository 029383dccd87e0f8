"""Yes and no to the news of fairs in plain words: "quiero ferias", "solo ferias", "sin ferias", "with fairs".

Pure. The bare word is a question about fairs, and so is a place: only words of wanting, and nothing else, are a wish.
"""

from __future__ import annotations

_FAIRS = frozenset("feria ferias fair fairs".split())
_ONLY = frozenset("solo solamente unicamente nomas only just".split())
_NO = frozenset("no sin ninguna quita quitar saca sacar menos without dont remove".split())
_YES = frozenset(
    "quiero quisiera deseo dame agrega agregar anade anadir activa activar con mandame manda manden envia enviame avisa avisame avisenme"
    " incluye incluir suma tambien suscribeme suscribirme anotame apuntame want with add send tell notify also too".split()
)
_TOLD = frozenset(
    "avisos aviso alertas alerta mensajes noticias avisame avisenme avisen avises mandame enviame manden envien suscribeme suscribirme"
    " notify alerts news tell send anotame apuntame".split()
)
_BETWEEN = frozenset(
    "si a al de del la las lo los el mis me que recibir sobre cuando haya hay salga una un y o porfa por favor empleo empleos"
    " trabajo laborales laboral avisos aviso alertas alerta mensajes noticias avisen avises manden mandes envien envies ahora mejor"
    " gracias pero i to the about of for alerts news when there is are job please yes en in t mas ya notificaciones".split()
)


def fairs_in(said: str) -> str:
    """What folded words say to the news of fairs: yes, no, only; empty when they say something else."""
    words = set(said.split())
    if not words & _FAIRS or not words & (_YES | _NO | _ONLY):
        return ""
    if words - _FAIRS - _ONLY - _NO - _YES - _TOLD - _BETWEEN:
        return ""
    if words & _NO:
        return "" if words & _ONLY else "no"
    return "only" if words & _ONLY else "yes"


def is_told(said: str) -> bool:
    """Folded words ask to be told of something, and not only what there is."""
    return bool(set(said.split()) & _TOLD)
