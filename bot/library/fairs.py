"""A job fair: when, where, what to bring. From one file come announcement, reminder, calendar file, map and checklist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from bot.library.article import Source
from bot.library.fields import Fields
from bot.library.markdown import Part, parts, split_front
from bot.library.place import Place
from bot.library.problems import Notes
from bot.library.reading import LONGEST_TITLE, fingerprint, read_label, read_sources
from bot.library.tree import Tree, read_yaml

REQUIRED = (
    "title",
    "label",
    "start",
    "end",
    "place",
    "address",
    "district",
    "region",
    "organiser",
    "sources",
    "status",
)
OPTIONAL = ("lat", "lon", "register", "bring", "example", "translates", "verified", "review_by")
STATUSES = ("confirmed", "open", "postponed", "closed", "cancelled", "draft")
AHEAD = ("confirmed", "open")
"""The states in which one can go there."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Fair:
    """One fair in one language. An `example` is invented: whoever shows it must say so."""

    id: str  # <date>-<place>
    language: str
    title: str
    label: str
    start: datetime  # aware, with the zone that the file gives
    end: datetime
    place: str
    address: str
    district: str
    region: str  # two-digit code
    lat: float | None
    lon: float | None
    organiser: str
    register: str  # how to sign up: an address or words; "" when one simply goes
    bring: tuple[str, ...]
    sources: tuple[Source, ...]
    status: str  # confirmed, open (to sign up), postponed, closed (no more places), cancelled, draft
    example: bool
    text: str
    path: str
    hash: str
    translates: str = ""

    @property
    def announced(self) -> bool:
        """It may be shown as something to go to."""
        return self.status in AHEAD


@dataclass(frozen=True, slots=True)
class ReadFair:
    """A fair file as it was understood."""

    fair: Fair | None
    parts: tuple[Part, ...] = ()
    tree: Tree | None = None


def read_fair(text: str, place: Place, notes: Notes) -> ReadFair:
    """Read one file; what is wrong with it is in `notes`."""
    split = split_front(text, notes)
    if split is None:
        return ReadFair(None)
    tree = read_yaml(split.front, notes, split.front_line)
    body = tuple(parts(split.body, split.body_line, place.language, notes))
    if tree is None:
        return ReadFair(None, body)
    fair = _fair(Fields(tree, notes), body, place)
    return ReadFair(fair if notes.served else None, body, tree)


def _fair(fields: Fields, body: tuple[Part, ...], place: Place) -> Fair:
    fields.only(REQUIRED, OPTIONAL)
    title = fields.text("title", longest=LONGEST_TITLE, words=True)
    start, end = fields.moment("start"), fields.moment("end")
    if start and end and end <= start:
        fields.note("fair_end", "end")
    text, example = body[0].text if body else "", fields.flag("example")
    bring = fields.texts("bring", empty=True)
    return Fair(
        id=place.slug,
        language=place.language,
        title=title,
        label=read_label(fields),
        start=start or _EPOCH,
        end=end or _EPOCH,
        place=fields.text("place"),
        address=fields.text("address"),
        district=fields.text("district"),
        region=fields.text("region"),
        lat=fields.number("lat"),
        lon=fields.number("lon"),
        organiser=fields.text("organiser"),
        register=fields.text("register", empty=True),
        bring=bring,
        sources=read_sources(fields, empty=example),
        status=fields.one_of("status", STATUSES),
        example=example,
        text=text,
        path=place.path,
        hash=fingerprint(title, text, *bring, str(start), str(end), fields.text("address")),
        translates=fields.text("translates", empty=True),
    )


def calendar(fair: Fair, now: datetime) -> str:
    """The fair as a calendar file with a reminder the evening before (RFC 5545)."""
    import icalendar  # noqa: PLC0415 - seldom asked for, and slow to load

    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Rumbo//ferias//ES")
    calendar.add("version", "2.0")
    event = icalendar.Event()
    event.add("uid", f"{fair.id}@rumbo")
    event.add("dtstamp", now.astimezone(UTC))
    event.add("dtstart", fair.start.astimezone(UTC))
    event.add("dtend", fair.end.astimezone(UTC))
    event.add("summary", fair.title)
    event.add("location", ", ".join(filter(None, (fair.place, fair.address, fair.district))))
    event.add("description", fair.text)
    if fair.lat is not None and fair.lon is not None:
        event.add("geo", (fair.lat, fair.lon))
    if fair.status == "cancelled":
        event.add("status", "CANCELLED")
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", fair.title)
    alarm.add("trigger", timedelta(hours=-14))
    event.add_component(alarm)
    calendar.add_component(event)
    return str(calendar.to_ical().decode("utf-8"))
