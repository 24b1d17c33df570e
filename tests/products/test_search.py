"""Search: ranking, beginnings of words, slips of the finger, and what strangers type."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from products.models import Term, Trigram
from products.search import MOST_ROWS, search, suggest
from products.search_index import forget_indexes, index_entries, store_indexes
from products.words import distance, words

pytestmark = pytest.mark.django_db


def data(name, about="", *, tags=(), category_id=1, **texts):
    return {
        "name": name,
        "about": about,
        "category_id": category_id,
        "tags_named": [{"slug": tag.lower(), "name": tag} for tag in tags],
        "texts": {kind: {"title": "", "body": body} for kind, body in texts.items()},
    }


@pytest.fixture
def shelf():
    store_indexes(
        {
            1: data("Country sourdough", "A dark loaf with a thick crust", tags=["Vegan"]),
            2: data("Butter croissant", "Twenty-seven layers", ingredients="Flour, butter, milk"),
            3: data("Almond croissant", "Yesterday’s croissant, baked twice", story="Made with sourdough pride"),
            4: data("Crème brûlée tart", "Cracked at the table", ingredients="Cream, eggs, raspberries"),
            5: data("Rye loaf", "Three days old when it is best", tags=["Vegan"], story="A sour rye"),
        }
    )


def test_words_are_folded_lower_case_and_singular():
    assert words("Crème BRÛLÉE, Grüße & Straße!") == ["creme", "brulee", "grusse", "strasse"]
    assert words("Loaves, cookies, berries, couscous") == ["loaf", "cookie", "berry", "couscous"]
    assert words("baker’s хлеб パン 500g") == ["baker", "хлеб", "ハン", "500g"]


def test_a_word_is_40_letters_at_most():
    assert [len(word) for word in words("x" * 10_000)] == [40]


def test_a_name_weighs_more_than_everything_else_together():
    entries = index_entries(data("Rye loaf", "rye spelt", tags=["spelt"], ingredients="spelt", story="spelt"))
    assert entries["rye"] == 8 + 3
    assert entries["spelt"] == 7


def test_the_category_is_found_too():
    assert index_entries(data("Pretzel"), "Small bakes")["bake"] == 4


def test_distance_counts_a_swap_as_one_slip():
    assert distance("sourdouhg", "sourdough") == 1
    assert distance("crossant", "croissant") == 1
    assert distance("", "rye") == 3


def test_a_name_comes_before_a_story(shelf):
    assert search("sourdough").ids == [1, 3]


def test_a_whole_word_comes_before_its_beginning(shelf):
    store_indexes({8: data("Tartlet"), 9: data("Tart")})
    assert search("tart").ids == [4, 9, 8]


def test_every_word_must_be_there(shelf):
    assert search("almond croissant").ids == [3]
    assert search("almond rye").ids == []


def test_the_last_word_may_be_half_typed(shelf):
    assert search("butter cro").ids == [2]
    assert search("cro butter").corrected == "butter"


def test_accents_case_and_plurals_do_not_matter(shelf):
    assert search("CREME brulees").ids == [4]
    assert search("raspberry").ids == [4]


def test_small_words_are_not_asked_for(shelf):
    assert search("a loaf with the crust").ids == [1]


def test_ties_are_in_the_order_of_ids(shelf):
    assert search("croissant").ids == [3, 2]
    assert search("vegan").ids == [1, 5]


def test_pages_do_not_overlap(shelf):
    first, second = search("vegan", page=1, size=1), search("vegan", page=2, size=1)
    assert (first.ids, second.ids, first.total) == ([1], [5], 2)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("sourdouhg", "sourdough"), ("crossant", "croissant"), ("buter crosant", "butter croissant"), ("vegn", "vegan")],
)
def test_a_typo_finds_what_was_meant(shelf, typed, meant):
    results = search(typed)
    assert results.corrected == meant
    assert results.ids == search(meant).ids


def test_an_unknown_word_is_left_out(shelf):
    results = search("rye qqqqqqqq")
    assert (results.corrected, results.ids) == ("rye", [5])


def test_nothing_like_it_finds_nothing(shelf):
    results = search("zzzzzzzz")
    assert (results.ids, results.corrected, results.suggestions) == ([], "", [])


def test_a_correction_that_finds_nothing_is_not_offered(shelf):
    forget_indexes([5])
    assert Trigram.objects.filter(term="rye").exists()
    assert search("ryee").corrected == ""


def test_an_update_replaces_only_the_rows_that_differ(shelf):
    before = dict(Term.objects.filter(product_id=5).values_list("term", "pk"))
    store_indexes({5: data("Rye loaf", "Three days old when it is best", tags=["Vegan"], story="A mild rye")})
    after = dict(Term.objects.filter(product_id=5).values_list("term", "pk"))
    assert after.keys() - before.keys() == {"mild"}
    assert before.keys() - after.keys() == {"sour"}
    assert all(after[term] == before[term] for term in after.keys() & before.keys())


def test_storing_the_same_again_writes_nothing(shelf):
    with CaptureQueriesContext(connection) as queries:
        store_indexes({1: data("Country sourdough", "A dark loaf with a thick crust", tags=["Vegan"])})
    assert not [query for query in queries if query["sql"].startswith(("INSERT", "DELETE", "UPDATE"))]


def test_a_forgotten_product_is_found_no_more(shelf):
    forget_indexes([1])
    assert search("country").ids == []
    assert search("sourdough").ids == [3]
    assert suggest("sour")["products"] == [5, 3]


def test_a_hundred_products_are_stored_in_few_statements(django_assert_max_num_queries):
    batch = {pk: data(f"Loaf {pk}", "Dark and warm, thick of crust", tags=["Vegan"]) for pk in range(1, 101)}
    with django_assert_max_num_queries(12):
        store_indexes(batch)


def test_suggestions_are_products_and_words(shelf):
    assert suggest("cro") == {"products": [3, 2], "words": ["croissant"]}
    assert suggest("butter cr") == {"products": [2], "words": ["butter croissant"]}
    assert suggest("") == {"products": [], "words": []}


def test_a_suggestion_costs_three_statements_at_most(shelf, django_assert_max_num_queries):
    with django_assert_max_num_queries(3):
        suggest("a dark loaf with cru")


def test_a_search_costs_a_statement_a_word(shelf, django_assert_num_queries):
    with django_assert_num_queries(2):
        search("almond croissant")
    with django_assert_num_queries(6):
        search("dark loaf thick crust vegan country sourdough and more")


def test_a_correction_costs_a_bounded_number_of_statements(shelf, django_assert_max_num_queries):
    with django_assert_max_num_queries(6 + 6 + 3 * 6):
        search("crossant crossanr crossamt cruissant croissand croizant")


def test_a_rare_word_is_found_beside_one_that_is_everywhere():
    rows = [Term(term="bread", product_id=pk, weight=4) for pk in range(1, MOST_ROWS + 500)]
    Term.objects.bulk_create([*rows, Term(term="walnut", product_id=MOST_ROWS + 400, weight=8)])
    assert search("walnut bread").ids == [MOST_ROWS + 400]
    assert search("bread walnut").ids == [MOST_ROWS + 400]
    assert search("bread").total == MOST_ROWS


def test_two_words_that_are_everywhere_meet():
    both = range(1, MOST_ROWS + 500)
    Term.objects.bulk_create([Term(term=term, product_id=pk, weight=4) for pk in both for term in ("bread", "rye")])
    with CaptureQueriesContext(connection) as queries:
        assert search("bread rye", size=3).ids == [1, 2, 3]
    assert len(queries) == 3


HOSTILE = [
    "x" * 10_000,
    "%",
    "_",
    "\x00rye",
    "'; DROP TABLE products_term; --",
    "🥐🥐",
    "خبز",
    '"',
    "\\",
    "\ud800",
    " ",
]


@pytest.mark.parametrize("q", HOSTILE)
def test_a_hostile_query_is_only_a_query(shelf, q):
    search(q)
    suggest(q)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(q=st.text(max_size=60))
def test_any_text_is_only_a_query(shelf, q):
    results = search(q)
    assert len(results.ids) <= results.total
    assert len(suggest(q)["products"]) <= 6


def test_wildcards_find_nothing(shelf):
    assert search("%").ids == []
    assert search("____").ids == []
