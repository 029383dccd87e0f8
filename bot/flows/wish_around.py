"""The words that stand around a wish: "quita", "avísame", "solo", "por favor". With any other word it may be no wish.

Pure. "Solo los lunes" is one; "solo los lunes atienden en Migraciones" is none.
"""

from __future__ import annotations

from bot.choosing import fold
from bot.flows.rhythm_words import days_in
from bot.library.country import Country

_AROUND = frozenset(
    "a al algo ademas agrega agregar agregame agreguen ahora alertas alerta aviso avisos avisa avisame avisen avises anade anadir anademe aumenta"
    " aumentar busco cada cambia cambiar cambiame cambialo cambialos chamba chambas con cuando de deja del desde descansa dia diario diaria"
    " diarios dias dos el elimina eliminar empleo empleos en enseguida entre envia envies envien enviame escriba escribas escriban escribe"
    " escribeme excluye favor fin fines gracias haya hola hora incluye incluir inmediato interesa interesan jamas la las lleguen lo los"
    " manda mandame manden mandes mas me mejor menos mensajes mes meses mis minimo mueve ni no noticias nada nunca o ofertas oficio para pero"
    " pausa pausar pausame pausado poco por porfa porfavor prefiero puestos que quincenal quincena quiero quisiera quita quitar quitame quiten recibir region rubro s saca"
    " sacar sacame salga sector semana semanas semanal si sin sino solo solamente soles suma sumar sumale sumen sueldo tambien te tipo toda"
    " todas todo todos trabajo trabajos tres un una unas unicamente uno unos vacante vacantes vez veces y ya sirve sirven apenas momento"
    " toque instante mensual mensualmente interdiario medio semanalmente diariamente hasta encima arriba partir superior mayor pague paguen"
    " remoto remotos presencial presenciales hibrido hibridos teletrabajo casa modalidad cualquier quince diez cuatro cinco varias"
    " add alert alerts also an and any as at but change daily day days don dont drop each every except for from i in include instead it job"
    " jobs just least minimum month monthly more my never not of on once only or over pause paused please rather remove resume send switch t tell"
    " than the them there to too twice want week weekly weekdays weekend weekends weeks well when without work write above home remote"
    " two three hour hours hourly fortnightly biweekly site person right away immediately".split()
)


def nothing_else(text: str, country: Country) -> bool:
    """Whether a text has no other words than those of a wish, its places and its kinds of work."""
    said = f" {fold(text)} "
    for sector in country.find_sectors(text):
        for word in sorted(sector.words, key=len, reverse=True):
            said = said.replace(f" {fold(word)} ", " ")
    left = _without_places(said.split(), country)
    return all(word in _AROUND or word.isdigit() or days_in(word) for word in left)


def _without_places(words: list[str], country: Country) -> list[str]:
    for size in (4, 3, 2, 1):
        at = 0
        while at + size <= len(words):
            if country.region_called(" ".join(words[at : at + size])):
                del words[at : at + size]
            else:
                at += 1
    return words
