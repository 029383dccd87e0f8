"""The plain facts of an offer: what it pays, for how many hours, and the numbers and links by which people answer.

Facts only. Whether they are good or bad is decided in `trust.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.alerts.offer_phrases import Found
from bot.alerts.offer_text import OfferText

WEEKS = 30 / 7  # of a month, as Peruvian pay slips count


class Period(StrEnum):
    """What a sum is paid for."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    FORTNIGHT = "fortnight"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Pay:
    """A wage that the offer names, in soles."""

    low: float
    high: float
    period: Period
    base: bool = False  # called the basic wage
    sure: bool = True  # the period was written, not guessed

    def a_month(self, amount: float) -> float:
        """A sum of this period as a month of full time."""
        return (
            amount
            * {Period.HOUR: 240, Period.DAY: 30, Period.WEEK: WEEKS, Period.FORTNIGHT: 2, Period.MONTH: 1}[self.period]
        )


@dataclass(frozen=True, slots=True)
class Hours:
    """The working time; None where the offer does not say."""

    a_day: float | None = None  # without the meal break
    days: float | None = None  # a week
    a_week: float | None = None
    shifts: bool = False  # 4 x 2, 14 x 7, every other day: hours a day say little
    overtime_paid: bool = False
    part_time: bool = False

    @property
    def weekly(self) -> float | None:
        """Hours a week: as written, else day by day over six days."""
        if self.a_week is not None:
            return self.a_week
        return None if self.a_day is None else self.a_day * (self.days or 6)


_LEAST = {
    Period.HOUR: 1.5,
    Period.DAY: 10,
    Period.WEEK: 60,
    Period.FORTNIGHT: 100,
    Period.MONTH: 150,
}  # less is a count
_CURRENCY = r"s/ ?|us\$ ?|usd ?|pen ?|\$ ?"
_AMOUNT = re.compile(
    rf"(?:(?<!\w)(?P<mark>{_CURRENCY})|(?<![\w.,:+/-]))(?P<sum>\d{{1,3}}(?:[.,]\d{{3}})+(?:[.,]\d{{1,2}})?|\d+(?:[.,]\d{{1,2}})?)"
    r"(?P<kilo>k\b)?(?![\d:])(?P<unit> ?(?:nuevos )?(?:soles|sol|lucas|luquitas|pen|usdt|usd|dolares|euros|pesos|mil pesos))?(?!\w)"
)
_RANGE = re.compile(
    rf"\W{{0,2}}(?:a|-|hasta|y|to|o)\W{{0,2}}(?:{_CURRENCY})?(\d{{1,3}}(?:[.,]\d{{3}})+|\d+)(?!\d)(?: ?(?:soles|pen))?"
)
_PERIODS = (
    (Period.HOUR, r"hora\b|hour|hr\b"),
    (Period.FORTNIGHT, r"quincen|quince dias|15 dias|fortnight"),
    (
        Period.DAY,
        r",? ?todos los dias|cada dia|dia\b|diari[oa]s?\b|jornal|jornada|turno|noche\b|day|daily|shift|madrugada",
    ),
    (Period.WEEK, r"seman|week"),
    (Period.MONTH, r"mes\b|mensual|month|al mes"),
)
_AFTER = re.compile(
    r"[ ]?(?:(?:netos?|brutos?|fijos?|libres?|limpios?|gross|net|soles|de|en mano|garantizad[oa]s?|en efectivo) ?){0,2}[(]? ?"
    r"(?:por|x|al|a la|a|la|el|cada|un|una|per|each|/|de)? ?(?:(?:el|la) )?(?:"
    + "|".join(f"(?P<{period.value}>{words})" for period, words in _PERIODS)
    + ")"
)
_BEFORE = re.compile(
    r"(?:(?P<day>jornal|diario|diaria|por dia|al dia|por jornada|el dia)|(?P<week>semanal(?:es|mente)?|por semana|a la semana)"
    r"|(?P<fortnight>quincenal|por quincena)|(?P<month>mensual|mensualmente|al mes|sueldo mensual)|(?P<hour>por hora|la hora))"
    r"(?: basico)?[ :]{0,3}(?:de|desde|es|son|maestro|operario)?[ :]{0,2}$"
)
_WAGE_WORD = re.compile(
    r"(?:sueldo|remuneracion|salario|haber|basico|sueldo base|honorarios|pago|pagan?|pagamos|ofrecemos|ofrece|ganas?|ganaras?|ganaran|"
    r"gane|salary|pay|pays|ganancias?|ingresos?|earn|cobras)\W{0,3}(?:de|desde|es|hasta|:|fijo|base|basico|minimo|bruto|neto|total)?\W{0,2}(?:desde|hasta|de|entre)?\W{0,2}$"
)
_MONTHLY_WORD = re.compile(r"(?:sueldo|remuneracion|salario|haber|salary|basico)\b[^.;\n]{0,18}$")
_BASE = re.compile(r"(?:basico|sueldo base|base|fijo)\W{0,2}(?:de )?\W{0,2}$")
_EXTRA = re.compile(
    r"(?:\+|\b(?:mas|bonos?|comision(?:es)?|viaticos|movilidad|asignacion|premios?|propinas?|bonificacion|descuento|multa|prestamo|adelanto|subsidio|refrigerio))"
    r"\W{0,2}(?:de|hasta|por)?\W{0,2}$"
)
_PHONE = re.compile(r"(?<!\d)\d{3}[ -]\d{3}[ -]\d{3}(?!\d)|(?<!\d)\d{9,}(?!\d)")
_GIVEN = re.compile(
    r"\b(?:bonos?|premios?|comision(?:es)?|incentivos?)\b[^.;\n]{0,30}$|\b"
    r"(?:damos|pagamos|regalamos|pagad[oa]s? a|pagan?|pago|te doy|reembolsamos|bolsa|prueba|prueba pagada|beca|cada tarea|reciben?|recibes|gasolina|almuerzo|cena|ticket|vales?|canasta|"
    r"hay|a|cobrando|te dejan?|deja|ganas?|cobras?|tarifa|paid|get|base|basico|fijo|fijos|promedio|hasta|entre|y|o|minimo|asegurado|garantizado|descontamos|sacan|"
    r"(?:por|x) (?:hora|dia|turno|semana|noche|prenda|pieza|docena|saco|kilo|casa|depa|viaje|evento|jornada|fecha|clase))\b[^.;\n]{0,14}$"
)
_RATE = re.compile(
    r" ?(?:,? ?(?:por|x|el|la|cada|c/u|per|/|mas|\+|y (?:su|almuerzo|pasaje|comida|comision|desayuno)|limpios?|netos?|libres?|fijos?|diari|semanal|mensual|al |a la|each))"
)
_STREET = re.compile(
    r"\b(?:av|avda|avenida|jr|jiron|ca|calle|psje|pasaje|km|mz|lt|lote|cuadra|stand|puesto|of|oficina|tienda|int|piso|urb|carretera|cas|n|nro|"
    r"counter|pabellon|panamericana|paradero|sector|modulo|block|dpto|cel|telefono|tel|whatsapp|wsp|llamar al|version|linea|delta)\W+(?:[\w.']+ ){0,5}$"
)
_COUNTED = re.compile(
    r" ?(?:%|personas?|vacantes?|anos?\b|anios?|horas?\b|h\b|hs\b|hrs?\b|dias?\b|mes(?:es)?\b|km|cupos|jovenes|hombres|mujeres|m\b|mt|cm|metros|"
    r"kilos?|kg|am\b|pm\b|de la (?:manana|tarde|noche)|nov|dic|ene|feb|senoritas|chicas|plazas|puestos|empresas|x ?\d|years?|hours?|minutos?|min\b|estrellas|operarios|ayudantes|seguidores)"
)
_PIECE = re.compile(
    r" ?(?:,? ?c/u|cada (?:uno|prenda|pieza|tarea|video)|(?:por|x|la|el|per|each) (?:total|el total|todo|campana|el contrato|prenda|pieza|docena|kilo|kg|caja|saco|envio|auto|balon|"
    r"evento|fiesta|presentacion|palabra|word|articulo|pedido|viaje|sesion|tour|chompa|depa|casa|venta|video|tarea|seguir|cada|millar|persona|salida|clase|paquete|bidon|cliente|una sola vez|\d)|una sola vez)"
)


def wages(text: OfferText, asked: Sequence[Found], dollar: float) -> tuple[Pay, ...]:
    """The wages that an offer names, without the sums it asks from the worker (`asked`) and without extras."""
    found: list[Pay] = []
    asked = [*asked, *(Found(*phone.span()) for phone in _PHONE.finditer(text.folded))]
    skip = -1
    for amount in _AMOUNT.finditer(text.folded):
        if amount.start() < skip or any(place.start <= amount.start("sum") < place.end for place in asked):
            continue
        upper = _RANGE.match(text.folded, amount.end())
        end = upper.end() if upper else amount.end()
        pay = _wage(text.folded, amount, upper, end, dollar)
        if pay:
            skip = end
            found.append(pay)
    return tuple(found)


def stray_sums(text: OfferText) -> tuple[Found, ...]:
    """Small sums that the offer names without a purpose: they are not a wage, a bonus or a piece rate.

    Most often the worker is to pay them. Empty when the offer names no wage, because then the sum may be the wage.
    """
    folded, wage, stray = text.folded, False, list[Found]()
    phones = [phone.span() for phone in _PHONE.finditer(folded)]
    for amount in _AMOUNT.finditer(folded):
        if any(start <= amount.start("sum") < end for start, end in phones) or not (amount["mark"] or amount["unit"]):
            wage = wage or _number(amount["sum"]) >= 700
            continue
        before, after = folded[max(0, amount.start() - 60) : amount.start()], folded[amount.end() : amount.end() + 40]
        if _number(amount["sum"]) >= 600 or _AFTER.match(after) or _BEFORE.search(before) or _WAGE_WORD.search(before):
            wage = True
        elif not (_GIVEN.search(before) or _EXTRA.search(before) or _PIECE.match(after) or _RATE.match(after)):
            stray.append(Found(*amount.span()))
    return tuple(stray) if wage else ()


def _wage(folded: str, amount: re.Match[str], upper: re.Match[str] | None, end: int, dollar: float) -> Pay | None:
    value = _number(amount["sum"]) * (1000 if amount["kilo"] else 1)
    high = _number(upper[1]) if upper else value
    before, after = folded[max(0, amount.start() - 60) : amount.start()], folded[end : end + 40]
    marked = bool(amount["mark"] or amount["unit"])
    if "pesos" in (amount["unit"] or "") or "euro" in (amount["unit"] or "") or after.startswith(" mil pesos"):
        return None
    if (
        _EXTRA.search(before)
        or _PIECE.match(after)
        or (not marked and (_COUNTED.match(after) or _STREET.search(before)))
    ):
        return None
    period, sure = _period(before, after, value, marked)
    if high < value or high > value * 12:
        high = value
    if period is None or not _LEAST[period] <= value <= 60_000:
        return None
    rate = dollar if "us" in (amount["mark"] or amount["unit"] or "") or "dolar" in (amount["unit"] or "") else 1
    return Pay(value * rate, high * rate, period, bool(_BASE.search(before)), sure)


def _period(before: str, after: str, value: float, marked: bool) -> tuple[Period | None, bool]:
    for match in (_AFTER.match(after), _BEFORE.search(before)):
        if match and match.lastgroup:
            return Period(match.lastgroup), True
    if value < 250 and ((marked and _FROM_TO.match(after)) or (value >= 20 and _FROM_TO.match(after))):
        return Period.DAY, False
    if value >= 700 and (marked or value % 10 == 0) and not (2020 <= value <= 2035 and not marked):
        return Period.MONTH, False
    if _MONTHLY_WORD.search(before) and 250 <= value < 700:
        return Period.MONTH, False
    if (_WAGE_WORD.search(before) or marked) and 400 <= value < 700:
        return Period.MONTH, False
    return None, False


_FROM_TO = re.compile(
    r",? ?(?:de|desde(?: las)?|por \d{1,2} (?:h|horas)|x \d{1,2} (?:h|horas)) \d{1,2}(?:[:.]\d\d)? ?(?:am|pm|de la \w+)? ?(?:a|hasta)\b"
)


def _number(written: str) -> float:
    plain = re.sub(r"[.,](?=\d{3}(?!\d))", "", written)
    return float(plain.replace(",", "."))


_A_WEEK = r" ?(?:semanal|a la semana|por semana|x semana|/ ?sem|a week|per week|weekly|/ ?week)"
_HOURS = re.compile(
    r"(?<![\d.,:x])(\d{1,2})(?:[.,]5)? ?(?:h|hs|hrs|horas|horitas|hours?|-hour)\b(?! ?(?:extras?|extra|de descanso|de anticipacion|libres|academicas|lectivas|te llam))"
    rf"(?!{_A_WEEK})(?! ?(?:mensual|al mes|por mes))"
)
_WEEKLY = re.compile(
    rf"(?<!\d)(\d{{1,2}}) ?(?:h|hs|hrs|horas|hours)(?:{_A_WEEK}| ?lectivas)"
    r"|(?<![\d.,:])(1[7-9]|2[0-35-9]|3\d) ?(?:h|hs|hrs|horas|hours)\b(?! ?(?:al dia|diari|por dia|a day|de descanso|academic|de anticip))"
)  # twenty hours are meant a week, even where nothing is said; twenty-four are a day and a night
_CLOCK = r"(\d{1,2})(?:[:.](\d{2})| y (media|\d{2}))? ?(a\.? ?m\.?|p\.? ?m\.?|de la manana|de la tarde|de la noche|de la madrugada|noche)?"
_SPAN = re.compile(rf"(?<![\d:/.,x%])(?:las )?{_CLOCK} ?(?:a|hasta|-|to) ?(?:las )?{_CLOCK}(?![\d%/]|,\d|\w)")
_NO_SPAN = re.compile(
    r" ?(?:anos|meses|dias|soles|semanas|personas|%|vacantes|years|ayudantes|horas|h\b|seman|mensual|diari|por|mil|nov|dic|ene|cuotas|puestos|kilos|en adelante)"
)
_NO_SPAN_BEFORE = re.compile(
    r"(?:entrevistas?[^.;\n]{0,24}|postula\w*[^.;\n]{0,24}|inscripci\w+[^.;\n]{0,24}|inscrib\w+[^.;\n]{0,24}|edad|edades|entre|s/|\$|talla|sueldo|pago|gana|chicas de|jovenes de|ninos de|chicos de)\W{0,3}(?:de )?$"
)
_DAYS = (
    (re.compile(r"lun\w*\W{1,3}(?:a|-)\W{0,3}vie|\bl(?: a |-| - )v\b|lun-vie|monday to friday|mon-fri|5 dias"), 5.0),
    (re.compile(r"lun\w*\W{1,3}(?:a|-)\W{0,3}sab|\bl(?: a |-| - )s\b|6 dias|6 days|6 ?x ?1\b|mon-sat"), 6.0),
    (re.compile(r"lun\w*\W{1,3}(?:a|-)\W{0,3}dom|todos los dias(?! menos)|7 dias a la semana|7 days|diariamente incluyendo domingo"), 7.0),
    (re.compile(r"fines? de semana|finde|sab\w* y dom|viernes y sabados?|weekends|martes y viernes|interdiario|lun mie vie|l-m-v|mon/wed/fri|viernes a domingo"), 3.0),
    (re.compile(r"\b4 (?:dias|noches|days)"), 4.0),
)  # fmt: skip
_DAYS_COUNTED = re.compile(
    r"(?<!\d)([1-7]) (?:dias|turnos|noches|tardes|mananas|veces|days|nights|shifts) (?:a la semana|por semana|semanales|a week|per week)"
)
_SHIFTS = re.compile(
    r"\b(?!6 ?x ?1\b)\d{1,2} ?x ?\d{1,2}\b|dia por medio|24 de descanso|dias alternos|interdiari|guardias? de|horas mensuales|\b(?:3|4) (?:noches|dias) a la semana|4 dias por 3"
)
_PART_TIME = re.compile(
    r"medio tiempo|part ?-?time|media jornada|por horas\b|tiempo parcial|medio turno|half time|horario libre|freelance"
)
_OVERTIME = re.compile(r"horas? extras?|sobretiempos?|overtime|recargo nocturno|hh ?ee")
_NO_OVERTIME = re.compile(
    r"(?:sin|no (?:se )?\w*|ni) (?:pag\w+ )?(?:las )?(?:horas? extras?|sobretiempo|overtime)|horas? extras?,? (?:que )?no se"
)


def hours(text: OfferText) -> Hours:
    """The working time, as far as the offer tells."""
    folded = text.folded
    days = next((count for pattern, count in _DAYS if pattern.search(folded)), None)
    counted = _DAYS_COUNTED.search(folded)
    days = float(counted[1]) if counted else days
    weekly = _WEEKLY.search(folded)
    a_day = max(_hours_a_day(folded), default=None)
    return Hours(
        a_day=a_day,
        days=days,
        a_week=float(weekly[1] or weekly[2]) if weekly else None,
        shifts=bool(_SHIFTS.search(folded)),
        overtime_paid=bool(_OVERTIME.search(folded)) and not _NO_OVERTIME.search(folded),
        part_time=bool(_PART_TIME.search(folded)),
    )


def _hours_a_day(folded: str) -> Iterable[float]:
    for said in _HOURS.finditer(folded):
        if 1 <= int(said[1]) <= 16 or int(said[1]) == 24:  # more are meant a week
            yield float(said[1])
    for span in _SPAN.finditer(folded):
        if _NO_SPAN.match(folded, span.end()) or _NO_SPAN_BEFORE.search(
            folded[max(0, span.start() - 36) : span.start()]
        ):
            continue
        length = _length(span)
        if length is not None:
            yield length - 1 if length >= 8.5 else length


def _length(span: re.Match[str]) -> float | None:
    start, end = _clock(span[1], span[2] or span[3], span[4]), _clock(span[5], span[6] or span[7], span[8])
    if start is None or end is None:
        return None
    if not span[4] and not span[8]:
        return (end - start) % 12 or 12.0 if start <= 12 and end <= 12 else (end - start) % 24
    if not span[4] and span[8] and start < 12:  # "6 a 11 pm": the first hour as near before the second as it can be
        return (end - start) % 12 or 12.0 if end - start > 13 else (end - start) % 24
    if not span[8] and span[4] and end <= 12:  # "10 pm a 6"
        return (end - start) % 12 or 12.0
    return (end - start) % 24 or 24.0


def _clock(hour: str, minutes: str | None, half: str | None) -> float | None:
    value = int(hour) + (0.5 if minutes == "media" else int(minutes or 0) / 60)
    if value >= 25:
        return None
    if half and (half.startswith("p") or half.endswith(("tarde", "noche"))) and value < 12:
        return value + 12
    return 0.0 if half and half.startswith("a") and 12 <= value < 13 else value


_DIALLED = re.compile(
    r"(?:\+|(?<!\w)mas |(?<!\d)00 ?)\(?\d[\d ()-]{6,20}\d|wa\.me/\+?\d{6,15}|(?<!\d)0?4(?:12|14|16|24|26)[- ]?\d{3}[- ]?\d{2}[- ]?\d{2}(?!\d)"
    r"|(?:whatsapp|wsp|numero|contacto|escrib\w+|llamar|telegram)\W{1,3}(?:al |a )?\d[\d ()-]{9,18}\d"
)


def foreign_number(text: OfferText, home: str) -> bool:
    """Whether people are to answer on a number of another country than `home` (its dialling code)."""
    for number in _DIALLED.finditer(text.folded):
        digits = re.sub(r"\D", "", number.group()).removeprefix("00")
        at_home = digits.startswith(home) or (len(digits) <= 9 and not digits.startswith("04"))
        if not at_home and len(digits) >= 8 and not (digits[0] == "9" and len(digits) % 9 == 0):
            return True
    return False
