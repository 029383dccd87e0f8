"""What partners send is understood as a person would, and refused with everything that is wrong."""

import copy
import json
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.alerts.feeds import read_document
from bot.alerts.judging import judged, placed
from bot.alerts.postings import read_event, read_identifier, read_posting
from bot.errors import Malformed
from tests.vacancy_kit import MINIMUM_WAGE, folded, gate, reader

FOLDER = Path(__file__).parent / "data" / "postings"
EXPECTED = yaml.safe_load((FOLDER / "expected.yaml").read_text("utf-8"))
NOW = datetime.fromisoformat(EXPECTED["now"])
CASES = [pytest.param(case, id=case["file"]) for case in EXPECTED["files"]]


def read(body):
    event = read_event(body, reader(), NOW)
    found = read_posting(event.data, "bolsa", reader(), NOW)
    return placed(found, judged(found, gate(), MINIMUM_WAGE), None, cleared=False)


def body_of(name):
    return json.loads((FOLDER / name).read_text("utf-8"))


@pytest.mark.parametrize("case", CASES)
def test_a_payload_is_read_as_expected(case):
    if case["outcome"] == "rejected":
        with pytest.raises(Malformed) as refused:
            read(body_of(case["file"]))
        assert {field for field, _ in refused.value.errors} == set(case["fields"])
        assert all(reason and reason == reason.strip() for _, reason in refused.value.errors)
        return
    shown = read(body_of(case["file"])).to_json()
    for name, wanted in case["vacancy"].items():
        check(name, wanted, shown)


def check(name, wanted, shown):
    if name.startswith("description_"):
        assert all((text in shown["description"]) is (name == "description_contains") for text in wanted)
    elif name == "places":
        spots = [(place["region"], place["district"] and folded(place["district"])) for place in shown["places"]]
        assert spots == [(place["region"], place["district"] and folded(place["district"])) for place in wanted]
    elif name == "valid_through" and wanted:
        assert datetime.fromisoformat(shown[name]) == datetime.fromisoformat(wanted)
    elif name in {"pay_min", "pay_max"} and wanted:
        assert shown[name] == pytest.approx(wanted, rel=0.01)
    elif isinstance(wanted, str):
        assert folded(shown[name]) == folded(wanted)
    else:
        assert shown[name] == wanted


def test_closing_needs_nothing_but_the_identifier():
    assert read_identifier({"@type": "JobPosting", "identifier": {"value": "k-1"}}, reader()) == "k-1"
    assert (
        read_identifier({"@type": "JobPosting", "url": "https://b.example/1?trk=x"}, reader()) == "https://b.example/1"
    )
    with pytest.raises(Malformed):
        read_identifier({"@type": "JobPosting", "title": "x"}, reader())


@pytest.mark.parametrize("body", [None, 5, [], "x", {}, {"type": 7, "data": 3}, {"type": "vacancy.published"}])
def test_an_envelope_that_is_none_is_refused_by_field(body):
    with pytest.raises(Malformed) as refused:
        read_event(body, reader(), NOW)
    assert refused.value.errors


GOOD = body_of("01-plain.json")["data"] | {
    "validThrough": "2026-12-20", "baseSalary": {"currency": "PEN", "value": {"minValue": "1,300", "unitText": "MONTH"}},
    "employmentType": ["FULL_TIME"], "url": "https://b.example/1",
}  # fmt: skip
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["2026-12-01", "S/ 1,200 - ", "Lima y", "<b", "&amp;#x;"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["@id", "@value", "@list", "value", "name", "address", "x"]), inner, max_size=4),
    max_leaves=8,
)  # fmt: skip


def taken_or_refused(take):
    """The result, or None with a refusal that says why."""
    with suppress(Malformed):
        return take()
    with pytest.raises(Malformed) as refused:
        take()
    assert refused.value.errors
    return None


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(GOOD)), anything, min_size=1, max_size=4))
def test_no_payload_makes_anything_but_a_vacancy_or_a_clear_refusal(changes):
    data = copy.deepcopy(GOOD) | changes
    found = taken_or_refused(lambda: read_posting(data, "bolsa", reader(), NOW))
    if found is not None:
        assert found.title
        assert found.identifier
        assert type(found).from_json(json.loads(json.dumps(found.to_json()))) == found


@settings(max_examples=200, deadline=None)
@given(anything)
def test_anything_at_all_is_read_or_refused(data):
    taken_or_refused(lambda: read_event(data, reader(), NOW))
    taken_or_refused(lambda: read_posting(data, "bolsa", reader(), NOW))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400) | st.text(max_size=400).map(str.encode))
def test_any_bytes_make_a_file_or_a_clear_refusal(raw):
    taken_or_refused(lambda: read_document(raw, "bolsa", reader(), NOW))


def test_a_deep_payload_is_refused_and_not_fatal():
    deep: object = "x"
    for _ in range(500):
        deep = {"a": [deep]}
    with pytest.raises(Malformed):
        read_posting(deep, "bolsa", reader(), datetime(2026, 11, 23, tzinfo=UTC))
