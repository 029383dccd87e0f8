"""A small, whole and faultless content folder for the tests of library and check: two articles, a flow, a list, a fair."""

import json
import shutil
from functools import cache
from pathlib import Path

from bot.library.pen import stamp_translations
from bot.library.render import NEEDED_KEYS
from bot.wording import Wording

REAL = Path(__file__).parent.parent / "content"

DATOS = """\
# Values.
uit:
  value: 5500
  unit: PEN
  source: "https://rpp.pe/uit"
  as_of: "2025-12-17"
sueldo_minimo:
  value: 1130
  unit: PEN por mes
  source: "https://andina.pe/sueldo"
  as_of: "2024-12"
tasa_carne:
  value: 40.6
  unit: PEN
  source: "https://andina.pe/tasa"
  as_of: "2025-09-12"
arancel:
  value: 60
  unit: USD
  source: "https://andina.pe/arancel"
  as_of: "2024"
linea_policia:
  value: "105"
  unit: teléfono
  source: "https://andina.pe/105"
  as_of: "2025"
linea_sunafil:
  value: "0800-16872"
  unit: teléfono
  source: "https://andina.pe/sunafil"
  as_of: "2020-10"
recargo:
  value: 25
  unit: "% de recargo"
  source: "https://andina.pe/recargo"
  as_of: "2025"
fecha_cierre:
  value: "2023-11-10"
  unit: fecha
  source: "https://andina.pe/cierre"
  as_of: "2023-11"
tasa_dudosa:
  value: null
  unit: PEN
  source: "https://andina.pe/duda"
  as_of: "2021"
"""

GLOSSARY = """\
es:
  ilegal: en situación irregular
en:
  illegals: people in an irregular situation
"""

ARTICLE = """\
---
title: {title}
label: {label}
questions:
{questions}
keywords: [carné, tarjeta]
sources:
  - {{name: Migraciones, url: "https://www.gob.pe/migraciones", as_of: "2025-09-12"}}
  - {{name: Andina, url: "https://andina.pe/nota", as_of: "2025"}}
verified: null
review_by: 2027-03-31
regions: ["15"]
related: [{related}]
status: published
{translates}---
{body}"""

SPANISH = """\
Este papel dice quién eres. Pide una cita en la página de Migraciones. Lleva tu pasaporte el día de la cita.

## Requisitos
- Tu pasaporte.
- Una foto.

## Costo
Pagas {{ datos.tasa_carne }} en el banco.

## Ojo
Mira también el [otro papel](titulos/apostilla). Nadie te puede cobrar por la cita.
"""

ENGLISH = """\
This card says who you are. Book a date on the Migraciones page. Take your passport with you.

## Requirements
- Your passport.
- A photo.

## Cost
You pay {{ datos.tasa_carne }} at the bank.

## Careful
See the [other paper](titulos/apostilla) too. Nobody may charge you for the date.
"""

FLOW = """\
title: {title}
label: {label}
questions:
  - {question}
start: uno
steps:
  uno:
    ask: {ask}
    options:
      - {{label: {yes}, next: dos}}
      - {{label: {no}, next: tres}}
  dos:
    article: regularizacion/carne
  tres:
    say: {say}
    article: titulos/apostilla
{translates}"""

LIST = """\
title: {title}
label: {label}
kind: checklist
keep: true
questions:
  - {question}
intro: {intro}
items:
  - id: cv
    label: {cv}
    text: {text}
    article: titulos/apostilla
  - id: copia
    label: {copy}
    text: {text}
{translates}"""

FAIR = """\
---
title: {title}
label: {label}
start: "2027-02-18T09:00:00-05:00"
end: "2027-02-18T16:00:00-05:00"
place: Plaza Mayor
address: Calle Uno 123
district: Lima
region: "15"
lat: -12.0464
lon: -77.0428
organiser: Ministerio
register: "https://ferias.example/lima"
bring:
  - {bring}
sources:
  - {{name: Ministerio, url: "https://ferias.example/lima", as_of: "2026-11-22"}}
status: confirmed
example: true
{translates}---
{text}
"""


def article(language: str, slug: str, related: str, translates: str = "") -> str:
    """The text of an article; each has other questions."""
    spanish = language == "es"
    words = "¿Cómo saco el papel {} número {}?" if spanish else "How do I get the paper {} number {}?"
    questions = "\n".join(f"  - {words.format(slug, number)}" for number in range(1, 15))
    return ARTICLE.format(
        title=f"{'El papel' if spanish else 'The paper'} {slug}",
        label=f"{'Papel' if spanish else 'Paper'} {slug}",
        questions=questions,
        related=related,
        translates=f"translates: {translates}\n" if translates else "",
        body=SPANISH if spanish else ENGLISH,
    )


def write_content(folder: Path) -> Path:
    """Write the whole folder, translations stamped; gives its path."""
    for language, pending in (("es", ""), ("en", "PENDING")):
        mark = f"translates: {pending}\n" if pending else ""
        spanish = language == "es"
        files = {
            "regularizacion/carne.md": article(language, "carne", "titulos/apostilla", pending),
            "titulos/apostilla.md": article(language, "apostilla", "regularizacion/carne", pending),
            "titulos/apostilla.flow.yaml": FLOW.format(
                title="Mi caso" if spanish else "My case",
                label="Ver mi caso" if spanish else "See my case",
                question="Hazme preguntas" if spanish else "Ask me things",
                ask="¿Tienes pasaporte?" if spanish else "Do you have a passport?",
                yes="Sí" if spanish else "Yes",
                no="No",
                say="Pide ayuda." if spanish else "Ask for help.",
                translates=mark,
            ),
            "ferias/lista.flow.yaml": LIST.format(
                title="Mi lista" if spanish else "My list",
                label="Lista feria" if spanish else "Fair list",
                question="Quiero mi lista" if spanish else "I want my list",
                intro="Marca lo que tienes." if spanish else "Tick what you have.",
                cv="Mi CV" if spanish else "My CV",
                copy="Una copia" if spanish else "A copy",
                text="Llévalo en papel." if spanish else "Take it on paper.",
                translates=mark,
            ),
            "ferias/2027-02-18-lima.md": FAIR.format(
                title="Feria en Lima" if spanish else "Fair in Lima",
                label="Lima, febrero" if spanish else "Lima, February",
                bring="Tu documento" if spanish else "Your document",
                text="Hay puestos de cocina." if spanish else "There are kitchen jobs.",
                translates=mark,
            ),
        }
        for path, text in files.items():
            file = folder / language / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        (folder / language / "ui.po").write_text(_words(language), encoding="utf-8")
    (folder / "datos.yaml").write_text(DATOS, encoding="utf-8")
    (folder / "glosario.yaml").write_text(GLOSSARY, encoding="utf-8")
    shutil.copy(REAL / "pais.yaml", folder / "pais.yaml")
    country = (folder / "pais.yaml").read_text(encoding="utf-8")
    (folder / "pais.yaml").write_text(_without_help_lines(country), encoding="utf-8")
    stamp_translations(folder)
    return folder


@cache
def _words(language: str) -> str:
    """The real words that articles need, without those of the conversation."""
    wording = Wording.read(REAL)
    keys = ["topic.titulos", *NEEDED_KEYS]
    head = f'msgid ""\nmsgstr ""\n"Language: {wording.locale(language)}\\n"\n'
    texts = dict(wording.entries(language))
    rows = [f"msgid {json.dumps(key)}\nmsgstr {json.dumps(texts[key].forms[0], ensure_ascii=False)}\n" for key in keys]
    return "\n".join([head, *rows])


def _without_help_lines(country: str) -> str:
    start, end = country.index("help_lines:"), country.index("# day: month-day")
    return f"{country[:start]}help_lines: []\n{country[end:]}"
