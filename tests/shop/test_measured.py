"""The pages that `make bench` compares are the same page, and are not served to anybody else."""

import pytest

from products.data import PRODUCTS
from products.models import Price, Product
from products.views import product
from scaling.replicas import unit_of_work
from scaling.xray import measured as counted
from shop.views import measured

from ..factories import make_product, make_promotion, make_review, make_user
from ..servers import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def loaf():
    with unit_of_work():
        loaf = make_product(
            tags=["Vegan", "No nuts"], texts={"story": "A **long** one.", "keeping": "Wrap it: well."}
        )
        make_promotion(loaf)
        for number in range(3):
            loaf.related.add(make_product(f"Bagel {number}"))
        make_review(loaf, make_user("Maya"), rating=4)
        PRODUCTS.refresh(list(Product.objects.values_list("pk", flat=True)))
    return loaf


def looked_at(rf, view, *args):
    with unit_of_work(), counted() as cost:
        response = view(rf.get("/"), *args)
    assert response.status_code == 200
    return response.content, sum(cost.sql.values()), cost.trips["cache"]


def test_every_pattern_gives_the_same_bytes(rf, loaf):
    page = looked_at(rf, product, loaf.pk, loaf.slug)[0]
    for view in (measured.joins, measured.queries, measured.queries, measured.document):
        assert looked_at(rf, view, loaf.pk)[0] == page


def test_cached_queries_ask_the_database_nothing_the_second_time(rf, loaf):
    # A cache that was too slow for an answer is not asked again by that reader: the next one stores it.
    wait_until(lambda: looked_at(rf, measured.queries, loaf.pk)[1] == 0, what="every answer in the cache")
    assert looked_at(rf, measured.queries, loaf.pk)[1:] == (0, 18)


def test_cached_queries_show_a_new_price(rf, loaf):
    before = looked_at(rf, measured.queries, loaf.pk)[0]
    with unit_of_work():
        Price.objects.filter(product=loaf).update(cents=123)
    after = looked_at(rf, measured.queries, loaf.pk)[0]
    assert after == looked_at(rf, measured.joins, loaf.pk)[0] != before


def test_they_are_not_served_in_a_shop_that_is_not_measured(client, loaf):
    for path in ("/empty/", f"/measured/joins/{loaf.pk}/"):
        assert client.get(path).status_code == 404
