"""Work asked for in a sentence that names a place or a trade.

"Avísame cuando haya trabajo de cocina en Arequipa" begins the alerts with what was said; "quiero trabajar de mozo en
Lima" is shown where to look, with the alerts one tap away.

The plain ways of asking are control words (`subscribe` in the glossary). Nothing is subscribed here: the flow of the
alerts still asks for the consent.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from bot.choosing import fold
from bot.conversation import TRAIL, Context, Flow, State, Turn
from bot.flows import alerts, article, my_alerts
from bot.flows.wish_words import find_regions, find_sectors
from bot.messages import Inbound

WORK = "empleo/buscar-trabajo"
_LONGEST = 20
_SHORT = 12  # words: who looks for work and says more has something else to ask
_JOB = r"(?:trabajos?|trabajitos?|chambas?|chambitas?|empleos?|vacantes?|puestos?|cachuelos?|pegas?)"
_BETWEEN = (
    r"(?:por favor |porfa |tambien |igual |cuando |si |de |del |a |al |en |sobre |las |los |un |una |unos |unas |algun |alguna |algo |nuevas |nuevos |mas |otro "
    r"|haya |hay |salga |salgan |sale |salen |aparezca |aparezcan |aparece |tengan |tenga |tienen |encuentren |ofertas |alertas |avisos "
    r"|vacantes |puestos |para |todo |toda |que |esten |buscando |ofrezcan |se |presente |presenten )*"
)
_ASKS = (
    r"(?:avisa|avisen|avise|notifica|notifiquen|notifique|manda|manden|mande|envia|envien|envie|pasa|pasen|escribe|escriban|alerta|suscribe|suscriban"
    r"|inscribe|inscriban|anota|anoten|apunta|apunten|informa|informen)(?:me|nos)"
    r"|(?:quiero|quisiera|deseo|me gustaria|necesito) (?:que (?:me|nos) (?:avisen|avises|avise|manden|mandes|envien|envies|notifiquen|informen|pasen)"
    r"|recibir|suscribirme|inscribirme|anotarme|apuntarme)(?: a| en| para)?"
    r"|(?:me|nos) (?:avisen|avises|manden|mandes|envien|envies|avisan|avisas|mandan|mandas|envian|envias|pueden avisar|puedes avisar|puede avisar|pueden mandar|puedes mandar)"
)
_ENGLISH = (
    r"(?:notify me|alert me|let me know|tell me|text me|message me|send me|inform me|ping me)(?: please)? (?:when |if |about |of |with |the |a |an |any |new |some "
    r"|there |is |are |you |have |get |find |comes? |come |up |more )*(?:\w+ ){0,2}(?:jobs?|vacanc(?:y|ies)|openings?|work|positions?)\b"
    r"|(?:sign me up|subscribe me|put me down|i want to sign up|i want to subscribe|i want alerts|i want job alerts|i would like alerts|job alerts)"
    r"(?: please)? (?:for|to|about|in|on) \w+"
)
_ALERTS = (
    r"(?:quiero|quisiera|deseo|dame|deme|denme|necesito|activa|activar|activame|activen|ponme|prende) (?:las |los |unas |unos )?"
    rf"(?:alertas|avisos|notificaciones) (?:de |del )?{_JOB} (?:en|de|para|por) \w+"
)
_WANTED = re.compile(rf"\b(?:(?:{_ASKS}) {_BETWEEN}{_JOB}\b|{_ALERTS}|{_ENGLISH})")
_LOOKS = re.compile(
    r"^(?:hola |buenas |pana |amigo |amiga )*(?:quiero|busco|necesito|quisiera|deseo|estoy buscando|ando buscando|me gustaria|i want|i need"
    rf"|i am looking for|im looking for|looking for|i would like)(?: un| una| algun| a| to| some)? (?:{_JOB}|trabajar|chambear|jobs?|work)\b"
)
_OF_THESE = re.compile(
    r"^(?:hola |buenas |por favor |porfa )*(?:(?:quiero|quisiera|deseo|dame|deme|denme|necesito|activa|activame|ponme) (?:las |los |unas |unos )?"
    r"(?:alertas|avisos|notificaciones) (?:de|del|en|para|por|sobre)"
    r"|(?:avisa|avisen|avise|notifica|notifiquen|alerta)(?:me|nos) (?:de|del|si|cuando|por|sobre))\b"
)
"""What is asked for without the word for work: its kind, or a place, must be named."""
_LESS = re.compile(
    r"\b(?:no|nunca|jamas|deja|dejen|dejes|sin|tampoco|baja|cancela|cancelar|dont|don t|not|never|stop|unsubscribe)\b"
)
_ANOTHER_MATTER = re.compile(
    r"\b(?:ferias?|fairs?|(?:mi|tu|su|my) (?:trabajo|empleo|puesto|job|chamba))\b"
    rf"|{_JOB} (?:en negro|forzado|infantil|que me ofrecieron)\b"
)
_AS_WELL = re.compile(r"\b(?:tambien|ademas|aparte|also|too|as well)\b")


def _hear(state: State, said: Inbound, ctx: Context) -> Turn | None:
    line, wish = fold(said.text), ctx.person.wish
    if _LOOKS.search(line) and not _LESS.search(line):
        return _where_to_look(state, said, ctx)
    if len(line.split()) > _LONGEST or _ANOTHER_MATTER.search(line):
        return None
    country = ctx.library.country
    regions, sectors = find_regions(said.text, country), find_sectors(said.text, country)
    named = sectors or (regions and "?" not in said.text)
    if not _WANTED.search(line) and not (named and _OF_THESE.search(line)):
        return None
    if _LESS.search(line):
        return my_alerts.mine(state, ctx) if wish is not None else None
    if wish is not None and _AS_WELL.search(line):
        regions, sectors = (_joined(old, new) for old, new in ((wish.regions, regions), (wish.sectors, sectors)))
    return alerts.begin(state, ctx, regions, sectors, said.text)


def _where_to_look(state: State, said: Inbound, ctx: Context) -> Turn | None:
    """For who looks for work of some kind or in some place, unless we know of something nearer to what they say."""
    country = ctx.library.country
    named = find_regions(said.text, country) or find_sectors(said.text, country)
    if not named or len(said.text.split()) > _SHORT or ctx.heard.ranking.outcome == "answer":
        return None
    turn = article.show(state, WORK, ctx)
    return turn and replace(turn, state=replace(turn.state, misses=0, trail=(*turn.state.trail, f"a/{WORK}")[-TRAIL:]))


def _joined(old: Sequence[str], new: Sequence[str]) -> tuple[str, ...]:
    """Both; nothing stays nothing, for that is everywhere or any work."""
    return tuple(dict.fromkeys((*old, *new))) if old else ()


FLOW = Flow("signing_up", overhears=_hear)
