"""Whoever reports an offer can tell the options apart: by employer or place, and no two are ever called alike."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from bot.choosing import fold, pick
from bot.conversation import Context, ReportVacancy, State, advance
from bot.flows import ALL
from bot.library.library import Library
from bot.messages import LONGEST_LABEL, LONGEST_REPLY, Inbound, Kind
from bot.person import Address, Language, Person, PersonId, Wish
from tests.news_kit import country, wording

NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)


def sent(number, title="Mozo", employer="Bar Norte", region="15", district="Breña"):
    places = [{"region": region, "district": district}]
    return {"id": str(number), "title": title, "employer": employer, "places": places, "state": "open"}


def asked(*offers):
    person = Person(PersonId(1), Address("telegram", "1"), Language.SPANISH, wish=Wish())
    ctx = Context(person, NOW, Library(country=country()), wording(), alerts=offers)
    said = Inbound("e1", person.address, NOW, Kind.TEXT, text="reportar oferta")
    return advance(State(greeted=True), said, ctx, ALL).replies[0]


def labels(reply):
    return [choice.title for choice in reply.choices if choice.id.startswith("report/")]


def test_the_same_title_of_two_employers_is_told_apart_by_the_employer():
    reply = asked(sent(1), sent(2, employer="Café Sur"), sent(3, title="Cocinera"))

    assert labels(reply) == ["Mozo · Bar Norte", "Mozo · Café Sur", "Cocinera"]
    assert "1. **Mozo** · Bar Norte · Breña" in reply.text


def test_the_same_title_of_one_employer_is_told_apart_by_the_place():
    reply = asked(sent(1), sent(2, district="Comas"))

    assert labels(reply) == ["Mozo · Breña", "Mozo · Comas"]


def test_copies_in_everything_are_told_apart_by_their_number_in_the_list():
    reply = asked(sent(1), sent(2), sent(3, title="Cocinera"))

    assert labels(reply) == ["Mozo 1", "Mozo 2", "Cocinera"]
    assert pick("2", reply.choices).id == "report/2"


words = st.text(st.sampled_from("aáeio mnsrt·1.2"), max_size=60)
offers = st.lists(
    st.tuples(words, st.none() | words, st.sampled_from(["Breña", "Comas", None])), min_size=1, max_size=9
)


@given(offers)
def test_no_two_options_are_ever_called_alike(drawn):
    reply = asked(
        *(
            sent(number, title or "x", employer, district=district)
            for number, (title, employer, district) in enumerate(drawn)
        )
    )
    found = labels(reply)

    assert len({fold(label) for label in found}) == len(found) == min(len(drawn), 8)
    assert all(0 < len(label) <= LONGEST_LABEL for label in found)
    assert len(reply.text) <= LONGEST_REPLY


def tapped(choice, *offers):
    person = Person(PersonId(1), Address("telegram", "1"), Language.SPANISH, wish=Wish())
    ctx = Context(person, NOW, Library(country=country()), wording(), alerts=offers)
    return advance(State(greeted=True), Inbound("e1", person.address, NOW, Kind.CHOICE, choice=choice), ctx, ALL)


def test_what_was_never_sent_is_not_thanked_for_and_the_offers_that_were_are_asked_about():
    turn = tapped("report/99", sent(1))

    assert turn.effects == ()
    assert turn.replies[0].text.startswith("Esa oferta no está entre las últimas que te envié.")
    assert labels(turn.replies[0]) == ["Mozo"]


def test_a_report_promises_nothing_but_what_happens():
    turn = tapped("report/1", sent(1))

    assert turn.effects == (ReportVacancy("1"),)
    assert "el equipo ve tu reporte en su lista" in turn.replies[0].text
