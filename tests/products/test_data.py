"""`Product.data`: assembled whole from the tables, a statement a part whatever the number of products."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.versions import versions_of
from products import documents
from products.cards import render_body
from products.data import ARTICLES, PRODUCTS, SHELF_TAGS, shelves
from products.models import Document, Price, Product, Stock, Term
from scaling.cache import Built
from scaling.xray import measured

from ..factories import (
    make_article,
    make_category,
    make_price,
    make_product,
    make_promotion,
    make_review,
    steve,
)

pytestmark = pytest.mark.django_db


def version_of(product):
    return versions_of("product", [product.pk], "default")[product.pk]


def test_it_gathers_every_part():
    bagel = make_product("Bagel", price=190)
    loaf = make_product(tags=["Vegan"], texts={"story": "A day and a night."}, stock=3)
    loaf.related.add(bagel)
    make_review(loaf, steve(), rating=4)
    data = loaf.data
    assert data["price"] == 520
    assert data["band"] == "few"
    assert data["texts"]["story"]["body"] == "A day and a night."
    assert data["tags_named"] == [{"slug": "vegan", "name": "Vegan"}]
    assert (data["reviews"], data["rating"], data["tally"]["4"]) == (1, 4.0, 1)
    assert data["latest"][0]["author_id"] == steve().pk
    assert data["related"] == [bagel.pk]


def test_a_hundred_products_cost_the_statements_of_one():
    one = make_product()
    many = [make_product(f"Loaf {number}") for number in range(30)]
    with measured() as cost_of_one:
        PRODUCTS.assemble([one.pk])
    with measured() as cost_of_many:
        PRODUCTS.assemble([product.pk for product in many])
    assert cost_of_many.sql == cost_of_one.sql


def test_an_unpublished_product_or_one_without_a_price_is_not_there():
    assert PRODUCTS.get(make_product(is_published=False).pk) is None
    assert PRODUCTS.get(make_product(price=None).pk) is None
    assert PRODUCTS.get(999_999) is None


def test_a_promotion_wins_while_it_is_lower():
    product = make_product(price=650)
    make_promotion(product, 520)
    data = PRODUCTS.get(product.pk)
    assert (data["price"], data["was"], data["flag"], data["label"]) == (520, 650, "−20%", "Sourdough week")
    dearer = make_product(price=100)
    make_promotion(dearer, 520)
    assert PRODUCTS.get(dearer.pk)["price"] == 100


def test_of_two_regular_prices_the_newer_one_counts():
    product = make_product(price=650)
    make_price(product, 700, starts_at=timezone.now() - timedelta(days=1))
    make_price(product, 900, starts_at=timezone.now() + timedelta(days=1))
    assert PRODUCTS.get(product.pk)["price"] == 700


def test_a_price_that_has_ended_counts_no_more():
    product = make_product(price=650)
    Price.objects.create(
        product=product,
        cents=1,
        starts_at=timezone.now() - timedelta(days=2),
        ends_at=timezone.now() - timedelta(days=1),
    )
    assert PRODUCTS.get(product.pk)["was"] is None


def test_hidden_reviews_count_for_nothing():
    product = make_product()
    make_review(product, steve(), is_hidden=True)
    assert PRODUCTS.get(product.pk)["reviews"] == 0


def test_a_refresh_writes_the_document_and_the_index_of_search():
    product = make_product(tags=["Vegan"])
    PRODUCTS.refresh([product.pk])
    document = Document.objects.get(pk=product.pk)
    assert document.data == PRODUCTS.get(product.pk)
    assert (document.price, document.tags) == (520, "|vegan|")
    assert Term.objects.filter(product_id=product.pk, term="sourdough").exists()
    product.delete()
    PRODUCTS.refresh([product.pk or document.pk])
    assert not documents.matching(None).exists()
    assert not Term.objects.exists()


def test_an_older_document_or_index_never_replaces_a_newer_one():
    product = make_product()
    old = PRODUCTS.assemble([product.pk])
    Product.objects.filter(pk=product.pk).update(name="Rye")
    PRODUCTS.refresh([product.pk])
    assert PRODUCTS.persist(old) == {}
    assert Document.objects.get().data["name"] == "Rye"
    assert Term.objects.filter(term="rye").exists()
    assert not Term.objects.filter(term="sourdough").exists()


def test_a_document_made_since_is_not_removed_by_who_saw_it_absent():
    product = make_product()
    PRODUCTS.refresh([product.pk])
    assert PRODUCTS.persist({product.pk: Built(version_of(product) - 1, None)}) == {}
    assert Document.objects.filter(is_gone=False).exists()


def test_a_document_keeps_the_places_to_leave_until_they_are_left():
    bread, cakes = make_category(), make_category("Cakes")
    product = make_product(category=bread)
    PRODUCTS.refresh([product.pk])
    Product.objects.filter(pk=product.pk).update(category=cakes)
    moved = PRODUCTS.assemble([product.pk])
    places = PRODUCTS.persist(moved)
    assert (f"l:products:{bread.pk}::price", f"country sourdough|{product.pk}") in places[product.pk]
    assert PRODUCTS.persist(moved) == places  # also for whoever does it again after a crash
    PRODUCTS.settle(moved)
    assert PRODUCTS.persist(moved) == {product.pk: []}


def test_what_is_gone_is_found_no_more_and_leaves_the_listings():
    product = make_product()
    PRODUCTS.refresh([product.pk])
    Product.objects.filter(pk=product.pk).update(is_published=False)
    gone = PRODUCTS.assemble([product.pk])
    assert PRODUCTS.persist(gone)[product.pk]
    assert documents.ids(documents.matching(None), "name", 0, 9) == (0, [])
    assert PRODUCTS.durable([product.pk])[product.pk].data is None
    PRODUCTS.settle(gone)
    assert PRODUCTS.persist(gone) == {product.pk: []}


@pytest.mark.parametrize("has_document", [True, False])
def test_a_worker_that_is_late_and_dies_brings_nothing_back_that_is_gone(has_document):
    product = make_product()
    pk, late = product.pk, PRODUCTS.assemble([product.pk])
    if has_document:
        PRODUCTS.refresh([pk])
    product.delete()
    PRODUCTS.refresh([pk])
    assert PRODUCTS.persist(late) == {}
    assert not documents.matching(None).exists()
    assert not Term.objects.exists()


def test_the_stock_is_shown_as_a_band():
    product = make_product(stock=0)
    for quantity, band in [(0, "out"), (1, "few"), (5, "few"), (6, "in")]:
        Stock.objects.filter(product=product).update(quantity=quantity)
        assert PRODUCTS.assemble([product.pk])[product.pk].data["band"] == band


def test_a_category_knows_its_tags_and_the_shelves_their_order():
    cakes = make_category("Cakes", position=2)
    bread = make_category("Bread", position=1)
    make_product("Rye", category=bread, tags=["Vegan"])
    make_product("Oat", category=bread, tags=["Vegan"], is_published=False)
    assert SHELF_TAGS.get(bread.pk)["tags"] == [{"slug": "vegan", "name": "Vegan", "count": 1}]
    assert [card["id"] for card in shelves()] == [bread.pk, cakes.pk]


def test_an_article_is_rendered_and_cannot_carry_markup():
    article = make_article(body="## Dough <b>\n\nOne.\n\nTwo & three.")
    html = ARTICLES.get(article.pk)["html"]
    assert html == "<h2>Dough &lt;b&gt;</h2>\n<p>One.</p>\n<p>Two &amp; three.</p>"
    assert render_body("") == ""
