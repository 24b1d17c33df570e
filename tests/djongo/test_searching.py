"""Texts are found as they are written, and what djongo cannot search is refused."""

import pytest
from django.db import NotSupportedError
from django.db.models import Value
from django.db.models.functions import Lower

from .models import Sheet

NAMES = ["|vegan|", "vegan", "100% rye", "100 rye", "a_b", "aXb", "a.b"]
NAMES += ["(half", '{"a": 1}', "back\\slash", "one\ntwo", "ends\n"]


@pytest.fixture
def named(sheets):
    sheets.bulk_create(Sheet(key=number, name=name) for number, name in enumerate(NAMES))
    return sheets


def found(rows):
    return {row.name for row in rows}


@pytest.mark.parametrize("text", NAMES)
def test_a_text_is_no_pattern(named, text):
    holding = {name for name in NAMES if text in name}
    assert found(named.filter(name__contains=text)) == holding
    assert found(named.exclude(name__contains=text)) == set(NAMES) - holding
    assert found(named.filter(name__startswith=text)) == {name for name in NAMES if name.startswith(text)}
    assert found(named.filter(name__endswith=text)) == {name for name in NAMES if name.endswith(text)}


@pytest.mark.parametrize("text", NAMES)
def test_djongo_finds_a_text_in_either_case(djongo, text):
    """The official engine takes it for a pattern here."""
    djongo.bulk_create(Sheet(key=number, name=name) for number, name in enumerate(NAMES))
    assert found(djongo.filter(name__iexact=text.upper())) == {text}
    assert found(djongo.filter(name__icontains=text.upper())) == {name for name in NAMES if text in name}


def test_what_is_on_another_line_is_found(named):
    assert found(named.filter(name__contains="two")) == {"one\ntwo"}


def test_names_are_ordered_by_their_bytes(sheets):
    sheets.bulk_create(Sheet(key=number, name=name) for number, name in enumerate(["b", "B", "a", "é", "Z"]))
    assert list(sheets.order_by("name").values_list("name", flat=True)) == ["B", "Z", "a", "b", "é"]


@pytest.mark.parametrize(
    "ask", [{"data__name": "x"}, {"data": {"name": "x"}}, {"data__contains": {}}, {"data__has_key": "x"}]
)
def test_djongo_looks_into_no_json(djongo, ask):
    with pytest.raises(NotSupportedError):
        list(djongo.filter(**ask))


def test_djongo_inserts_no_expressions(djongo):
    with pytest.raises(NotSupportedError):
        djongo.bulk_create([Sheet(key=1, name=Lower(Value("ONE")))])
    assert not djongo.exists()


def test_djongo_copies_no_column_into_another(djongo):
    with pytest.raises(NotSupportedError):
        djongo.update(version=Sheet._meta.get_field("shelf").get_col("sheets_sheet") + 1)


def test_the_keys_of_a_list_are_one_parameter(djongo):
    """Also between other conditions, and more than sqlparse would group."""
    djongo.bulk_create(Sheet(key=number, version=number % 3, name="one") for number in range(8))
    rows = djongo.filter(version=1, key__in=[*range(1, 6_000)], name="one").exclude(key__in=[4, 5]).filter(shelf=0)
    assert sorted(rows.values_list("key", flat=True)) == [1, 7]
