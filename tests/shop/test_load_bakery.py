"""The demo bakery: whole after one run, untouched by a second, and as large as one likes for measuring."""

import io
import re

import pytest
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F, Q
from django.utils import timezone

from accounts.models import Friendship, User
from jobs import triggers
from jobs.models import Outbox
from products import bakery
from products.models import Article, Category, Picture, Price, Product, Review, Stock, Tag, Text
from products.pictures import SIZES
from scaling.pictures import picture_name
from scaling.progress import Bar
from shop.loading import PASSWORD
from shop.models import Order, OrderLine, Slot

pytestmark = pytest.mark.django_db
TABLES = (
    Article,
    Category,
    Friendship,
    Order,
    OrderLine,
    Picture,
    Price,
    Product,
    Review,
    Slot,
    Stock,
    Tag,
    Text,
    User,
)


def load(*arguments):
    out = io.StringIO()
    call_command("load_bakery", *arguments, stdout=out)
    return out.getvalue()


def everything():
    return {model.__name__: sorted(model.objects.values_list(), key=repr) for model in TABLES}


@pytest.fixture(scope="module")
def loaded(django_db_setup, django_db_blocker):
    """Loaded once and for real; each test then works in a transaction of its own, which is rolled back."""
    with django_db_blocker.unblock():
        yield load()
        call_command("flush", verbosity=0, interactive=False)


def test_it_says_what_it_loaded(loaded):
    assert loaded.startswith("Loaded: 56 products, 180 reviews")


def test_a_second_run_changes_nothing(loaded):
    before, waiting = everything(), Outbox.objects.count()
    assert load().startswith("Loaded: 0 products, 0 reviews, 0 orders, 0 people")
    assert everything() == before
    assert Outbox.objects.count() == waiting


def test_a_second_run_keeps_what_the_baker_has_changed(loaded):
    Price.objects.filter(product__slug="baguette").update(cents=275)
    Product.objects.filter(slug="baguette").update(name="Long one")
    load()
    changed = Product.objects.get(slug="baguette")
    assert (changed.name, changed.prices.get().cents) == ("Long one", 275)


def test_the_shelves_are_full(loaded):
    shelves = Category.objects.annotate(count=Count("products"))
    assert len(shelves) >= 6
    assert all(shelf.count >= 6 and shelf.intro and shelf.picture_alt for shelf in shelves)
    assert Product.objects.count() >= 44
    assert 7 <= Tag.objects.filter(products__isnull=False).distinct().count() <= 9


def test_every_product_is_complete(loaded):
    parts = {part: Count(part, distinct=True) for part in ("texts", "related", "pictures", "tags", "reviews")}
    for product in Product.objects.annotate(**{f"{part}_count": count for part, count in parts.items()}):
        assert product.texts_count == 4
        assert product.related_count >= 2
        assert product.pictures_count >= 1
        assert product.tags_count >= 1
        assert product.reviews_count >= 1
        assert product.baked_at


def test_what_is_read_has_no_typewriter_quotes(loaded):
    texts = [*Text.objects.values_list("title", "body"), *Article.objects.values_list("title", "summary", "body")]
    texts += [*Category.objects.values_list("name", "intro"), *Product.objects.values_list("name", "about")]
    texts += [
        *Review.objects.values_list("body"),
        *Picture.objects.values_list("alt"),
        *Price.objects.values_list("label"),
    ]
    assert [text for row in texts for text in row if re.search(r"['\"]", text)] == []


def test_every_allergen_that_is_declared_stands_out_among_the_ingredients(loaded):
    for word in (
        "wheat",
        "rye",
        "milk",
        "egg",
        "sesame",
        "walnuts",
        "almonds",
        "pistachios",
        "pecan nuts",
        "mustard",
    ):
        for text in Text.objects.filter(kind=Text.Kind.ALLERGENS):
            declared = text.body.split(". ")[0].lower()
            if declared.startswith("contains") and word in declared.replace("buckwheat", ""):
                ingredients = text.product.texts.get(kind=Text.Kind.INGREDIENTS).body.lower()
                bold = " ".join(ingredients.split("**")[1::2])
                related = {"milk": ("milk", "butter", "cream", "cheese")}.get(word, (word,))
                assert any(name in bold for name in related), (text.product.slug, word)


def test_tags_promise_nothing_that_the_ingredients_break(loaded):
    broken = {
        "vegan": ("milk", "butter", "egg", "cream", "honey", "cheese"),
        "gluten-free": ("wheat", "rye", "barley", "spelt"),
        "no-nuts": ("walnut", "pecan", "almond", "pistachio", "hazelnut"),
    }
    harmless = ("buckwheat", "oat** cream", "coconut cream", "cocoa butter")
    for tag, words in broken.items():
        for text in Text.objects.filter(kind=Text.Kind.INGREDIENTS, product__tags__slug=tag):
            body = text.body.lower()
            for phrase in harmless:
                body = body.replace(phrase, "")
            assert not [word for word in words if word in body], (tag, text.product.slug)


def test_some_things_are_sold_out_some_nearly_and_some_cheaper_for_some_days(loaded):
    assert Stock.objects.filter(quantity=0).count() >= 2
    assert Stock.objects.filter(quantity__range=(1, 5)).count() >= 5
    now = timezone.now()
    promotions = Price.objects.valid_at(now).exclude(ends_at=None)
    assert promotions.count() >= 4
    for promotion in promotions:
        assert promotion.label
        assert promotion.cents < promotion.product.prices.get(ends_at=None).cents


def test_pictures_are_there_in_both_sizes(loaded):
    stems = set(Picture.objects.values_list("stem", flat=True))
    stems |= set(Category.objects.values_list("picture", flat=True))
    stems |= set(Article.objects.values_list("picture", flat=True))
    assert all(default_storage.exists(picture_name(stem, size)) for stem in stems for size in SIZES)
    assert all(
        default_storage.exists(name) for name in User.objects.exclude(picture="").values_list("picture", flat=True)
    )


def test_who_is_said_to_have_bought_it_has_collected_it_before(loaded):
    verified = Review.objects.filter(is_verified=True)
    assert verified.count() >= 150
    for review in verified:
        orders = Order.objects.filter(customer=review.author, lines__product=review.product)
        assert orders.filter(state=Order.State.COLLECTED, slot__starts_at__lt=review.created_at).exists()


def test_who_only_tasted_it_has_no_order_of_it(loaded):
    for review in Review.objects.filter(is_verified=False):
        assert not OrderLine.objects.filter(order__customer=review.author, product=review.product).exists()


def test_orders_add_up_and_slots_count_them(loaded):
    for order in Order.objects.prefetch_related("lines"):
        assert order.total_cents == sum(line.cents for line in order.lines.all())
        assert order.created_at <= timezone.now()
    standing = Count("orders", filter=~Q(orders__state=Order.State.CANCELLED))
    assert not Slot.objects.annotate(standing=standing).exclude(taken=F("standing")).exists()
    assert Order.objects.filter(state=Order.State.PLACED, slot__starts_at__gt=timezone.now()).count() >= 8


def test_the_cast_can_sign_in_and_nobody_else(loaded):
    can = [user.email for user in User.objects.order_by("email") if user.has_usable_password()]
    assert can == ["ada@bakery.example", "ana@bakery.example", "maya@bakery.example"]
    assert User.objects.get(email="ana@bakery.example").check_password(PASSWORD)
    assert [user.email for user in User.objects.filter(is_superuser=True)] == ["ada@bakery.example"]


def test_ana_and_maya_follow_each_other_and_two_people_wait_for_ana(loaded):
    accepted = Friendship.objects.filter(state=Friendship.State.ACCEPTED)
    assert accepted.filter(follower__name="Ana Petrović", followed__name="Maya Lindqvist").exists()
    assert accepted.filter(follower__name="Maya Lindqvist", followed__name="Ana Petrović").exists()
    assert Friendship.objects.filter(state=Friendship.State.ASKED, followed__name="Ana Petrović").count() == 2


def test_journal_entries_are_little_essays(loaded):
    assert Article.objects.count() >= 8
    for entry in bakery.journal():
        assert 250 <= len(entry["body"].split()) <= 500, entry["slug"]
        assert "\n\n## " in entry["body"]


def test_a_catalogue_for_measuring_is_filled_up_to_the_number_and_the_same_each_time(loaded):
    assert "Made up: 34 products." in load("--products", "90")
    assert Product.objects.count() == 90
    before = everything()
    assert "Made up: 0 products." in load("--products", "90")
    assert everything() == before


def test_what_was_made_up_is_queued_to_be_built_and_the_triggers_are_back(loaded):
    load("--products", "80")
    last = Product.objects.order_by("pk").last()
    queued = Outbox.objects.filter(task="jobs.objects.refresh", subject=f"product:{last.pk}")
    assert queued.count() == 1
    assert triggers.installed(connection).keys() == triggers.wanted(connection).keys()


def test_nobody_is_said_to_have_bought_what_was_made_up(loaded):
    there = set(Product.objects.values_list("pk", flat=True))
    load("--products", "100")
    made_up = Review.objects.exclude(product__in=there)
    assert made_up.exists()
    assert not made_up.filter(is_verified=True).exists()
    assert not Review.objects.exclude(product__in=there).filter(author__email__endswith="@bakery.example").exists()


@pytest.mark.parametrize("number", ["abc", "0", "-3", "1.5", "99999999999", "٣", ""])
def test_a_number_that_is_none_is_refused_in_one_line(number):
    before = Product.objects.count()
    with pytest.raises(CommandError, match=r"^--products takes a number from 1 to 1,000,000, not .*\.$"):
        load(f"--products={number}")
    assert Product.objects.count() == before


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_bar_is_drawn_on_a_terminal_and_nowhere_else():
    for stream, is_drawn in ((Terminal(), True), (io.StringIO(), False)):
        with Bar("Products", 4, stream) as bar:
            bar.step(4)
        assert ("100%" in stream.getvalue()) == is_drawn
