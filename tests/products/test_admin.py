"""What the baker changes in the admin is what the tables hold."""

import io

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from PIL import Image

from jobs.versions import versions_of
from products.data import PRODUCTS
from products.models import Picture, Price, Product, Review, Stock
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(client):
    client.force_login(factories.ada())
    return client


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def loaf():
    return factories.make_product()


def typed(client, product, **changes):
    """The product's form as the browser would send it back, with some fields typed over."""
    page = client.get(reverse("admin:products_product_change", args=[product.pk]))
    forms = [page.context["adminform"].form]
    formsets = [inline.formset for inline in page.context["inline_admin_formsets"]]
    for formset in formsets:
        forms += [formset.management_form, *formset.forms]
    values = {}
    for form in forms:
        for field in form:
            values |= sent(field)
    return values | changes


def sent(field):
    """What the browser sends of one field, the hidden first value included."""
    widget = field.field.widget
    value = field.value()
    pairs = {}
    for name, render in [(field.html_name, True), (field.html_initial_name, field.field.show_hidden_initial)]:
        if not render or value is None or value is False:
            continue
        if hasattr(widget, "decompress"):
            parts = widget.decompress(value)
            pairs |= {f"{name}_{place}": str(part) for place, part in enumerate(parts) if part is not None}
        else:
            pairs[name] = "on" if value is True else value
    return pairs


def save(client, product, **changes):
    page = reverse("admin:products_product_change", args=[product.pk])
    return client.post(page, typed(client, product, **changes))


def picture_file(name="My Loaf.png", data=None):
    buffer = io.BytesIO()
    Image.new("RGB", (900, 600), "tan").save(buffer, "PNG")
    return SimpleUploadedFile(name, buffer.getvalue() if data is None else data, "image/png")


def new_picture(file, alt="A loaf"):
    return {"pictures-TOTAL_FORMS": 1, "pictures-0-alt": alt, "pictures-0-position": 0, "pictures-0-upload": file}


def test_a_price_is_typed_in_euros_and_kept_in_cents(ada, loaf):
    assert save(ada, loaf, **{"prices-0-cents": "5.85"}).status_code == 302
    assert Price.objects.get().cents == 585


def test_a_changed_price_raises_the_version_of_the_product(ada, loaf):
    before = versions_of("product", [loaf.pk], "default")
    save(ada, loaf, **{"prices-0-cents": "5.85"})
    assert versions_of("product", [loaf.pk], "default")[loaf.pk] > before[loaf.pk]


def test_a_price_is_shown_with_both_decimals(ada, loaf):
    Price.objects.update(cents=580)
    form = ada.get(reverse("admin:products_product_change", args=[loaf.pk])).content.decode()
    assert 'name="prices-0-cents" value="5.80"' in form


def test_a_promotion_is_one_cent_at_least(ada, loaf):
    promotion = {"prices-0-ends_at_0": "01/01/2099", "prices-0-ends_at_1": "08:00:00"}
    refused = save(ada, loaf, **promotion, **{"prices-0-cents": "0"})
    assert "A price is one cent at least." in refused.content.decode()
    assert save(ada, loaf, **promotion, **{"prices-0-cents": "0.01"}).status_code == 302
    assert Price.objects.get().cents == 1
    with pytest.raises(ValidationError, match="one cent at least"):
        Price(product=loaf, cents=0).full_clean()


@pytest.mark.parametrize("price", ["-1", "0", "0.00", "five", "5.855", ""])
def test_a_price_that_is_none_is_told_beside_the_field(ada, loaf, price):
    answer = save(ada, loaf, **{"prices-0-cents": price})
    assert answer.status_code == 200
    assert answer.context["inline_admin_formsets"][0].formset.errors[0]["cents"]
    assert Price.objects.get().cents == 520


def test_a_promotion_must_end_after_it_begins(ada, loaf):
    answer = save(ada, loaf, **{"prices-0-ends_at_0": "01/01/2020", "prices-0-ends_at_1": "08:00:00"})
    assert "The end must be after the start." in answer.content.decode()


def test_saving_without_a_change_changes_nothing(ada, loaf):
    before = Price.objects.values().get(), Stock.objects.values().get()
    assert save(ada, loaf).status_code == 302
    assert (Price.objects.values().get(), Stock.objects.values().get()) == before


def test_what_is_sold_while_the_baker_counts_stays_sold(ada, loaf):
    form = typed(ada, loaf, **{"stock-0-quantity": "30"})
    Stock.objects.update(quantity=7)  # three of the ten that were shown are sold meanwhile
    ada.post(reverse("admin:products_product_change", args=[loaf.pk]), form)
    assert Stock.objects.get().quantity == 27


def test_stock_that_was_sold_meanwhile_does_not_go_below_zero(ada, loaf):
    form = typed(ada, loaf, **{"stock-0-quantity": "2"})
    Stock.objects.update(quantity=3)
    ada.post(reverse("admin:products_product_change", args=[loaf.pk]), form)
    assert Stock.objects.get().quantity == 0


def test_a_picture_is_stored_in_two_sizes_under_our_own_name(ada, loaf, tmp_path):
    assert save(ada, loaf, **new_picture(picture_file())).status_code == 302
    stem = Picture.objects.get().stem
    assert stem.startswith("products/my-loaf-")
    assert sorted(path.name for path in tmp_path.glob("products/*")) == [
        f"{stem.removeprefix('products/')}-{size}.webp" for size in (400, 800)
    ]


@pytest.mark.parametrize(
    "data", [b"GIF89a, or so it says", b"<svg onload=alert(1)>", b"\x89PNG\r\n\x1a\n" + b"x" * 99]
)
def test_a_bad_picture_is_told_beside_the_field(ada, loaf, data):
    answer = save(ada, loaf, **new_picture(picture_file(data=data)))
    assert answer.status_code == 200
    pictures = next(
        each.formset for each in answer.context["inline_admin_formsets"] if each.formset.prefix == "pictures"
    )
    assert "cannot read this as a picture" in pictures.errors[0]["upload"][0]
    assert not Picture.objects.exists()


def test_a_picture_row_needs_a_picture(ada, loaf):
    changes = new_picture("")
    answer = save(ada, loaf, **changes)
    assert "Choose a picture." in answer.content.decode()


def test_a_category_takes_a_picture(ada):
    shelf = factories.make_category()
    form = {"name": shelf.name, "slug": shelf.slug, "position": 0, "upload": picture_file(), "picture_alt": "Bread"}
    assert ada.post(reverse("admin:products_category_change", args=[shelf.pk]), form).status_code == 302
    shelf.refresh_from_db()
    assert shelf.picture.startswith("products/my-loaf-")


def test_products_are_taken_off_the_shelf_and_put_back(ada, loaf):
    for action, is_published in (("unpublish", False), ("publish", True)):
        ada.post(reverse("admin:products_product_changelist"), {"action": action, "_selected_action": loaf.pk})
        assert Product.objects.get().is_published is is_published


def test_the_list_shows_the_price_of_now(ada, loaf):
    factories.make_promotion(loaf, 410)
    page = ada.get(reverse("admin:products_product_changelist")).content.decode()
    assert "€4.10 <del>€5.20</del>" in page


def test_a_review_is_hidden_and_shown_but_not_written(ada):
    review = factories.make_review()
    page = reverse("admin:products_review_changelist")
    for action, is_hidden in (("hide", True), ("show", False)):
        ada.post(page, {"action": action, "_selected_action": review.pk})
        assert Review.objects.get().is_hidden is is_hidden
    ada.post(reverse("admin:products_review_change", args=[review.pk]), {"body": "Put in", "is_hidden": "on"})
    assert Review.objects.values_list("body", "is_hidden").get() == ("Gone before we were home.", True)


def test_the_object_page_says_when_nothing_is_cached(ada, loaf):
    page = ada.get(reverse("admin:products_product_object", args=[loaf.pk]))
    assert "Nothing is cached" in page.content.decode()


def test_the_object_page_marks_what_differs_and_builds_it_again(ada, loaf):
    address = reverse("admin:products_product_object", args=[loaf.pk])
    PRODUCTS.refresh([loaf.pk])
    Price.objects.update(cents=777)
    assert [row["key"] for row in ada.get(address).context["rows"] if row["differs"]] == ["price"]
    answer = ada.post(address, follow=True)
    assert answer.context["differing"] == 0
    assert "What pages read is what the tables say." in answer.content.decode()


def test_the_object_page_of_a_hidden_product_opens(ada):
    hidden = factories.make_product(is_published=False)
    assert ada.get(reverse("admin:products_product_object", args=[hidden.pk])).status_code == 200
    assert ada.get(reverse("admin:products_product_object", args=[hidden.pk + 1])).status_code == 404
