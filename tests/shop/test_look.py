"""What every page promises: nothing inline, small files, escaped words, and error pages that need nobody."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib.staticfiles import finders
from django.template import engines

import shop
from scaling.cache import Stored
from shop.wording import jsonld

FOLDER = Path(shop.__file__).parent
TEMPLATES = sorted((FOLDER / "templates").rglob("*.html"))
CSS_BYTES = 60_000
JS_BYTES = 20_000
ALONE = ["500.html", "503.html", "403.html", "400.html"]
SHELF = {"id": 1, "slug": "bread", "name": "Bread", "intro": "Dark. Crusty.", "url": "/shelves/1-bread/", "tags": []}
SHELF = Stored(SHELF | {"picture": "", "alt": ""}, ("category", 1, 1))
PAGE = {"number": 1, "count": 1, "total": 1, "start": 1, "end": 1, "links": [1]}
NASTY = "</script><script>alert('Mallory')</script>"


def env():
    return engines["jinja2"].env


def stored(data):
    return Stored(data, ("product", 7, 1))


def card(**changes):
    whole = {"id": 7, "slug": "rye", "name": "Rye", "about": "Dark", "url": "/products/7-rye/", "category_id": 1}
    whole |= {"price": 520, "was": None, "flag": "", "label": "", "until": None, "band": "in", "left": None}
    whole |= {
        "rating": None,
        "reviews": 0,
        "picture": "products/rye",
        "alt": "A rye loaf",
        "tags": [],
        "baked": "06:50",
    }
    return stored(whole | changes)


def product(**changes):
    whole = card() | {"created": "2026-01-01T00:00:00+00:00", "tags_named": [], "texts": {}, "pictures": []}
    return stored(whole | {"tally": {}, "verified": 0, "latest": [], "related": []} | changes)


def page(template, **context):
    return env().get_template(template).render({"shelves": [SHELF]} | context)


def product_page(**changes):
    shown = product(**changes)
    return page("product.html", product=shown, latest=shown["latest"], category=SHELF, related=())


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_compiles_and_holds_nothing_inline(path):
    name = path.relative_to(FOLDER / "templates").as_posix()
    source = path.read_text()
    assert env().get_template(name)
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", source)
    scripts = re.findall(r"<script([^>]*)>", source)
    assert all("src=" in script or "application/ld+json" in script for script in scripts)


@pytest.mark.parametrize(("file", "most"), [("shop.css", CSS_BYTES), ("shop.js", JS_BYTES), ("theme.js", 1000)])
def test_the_stylesheet_and_the_scripts_stay_small(file, most):
    assert 0 < Path(finders.find(file)).stat().st_size < most


def test_what_the_stylesheet_asks_for_is_there():
    wanted = re.findall(r'url\("(?!data:)([^"]+)"\)', Path(finders.find("shop.css")).read_text())
    assert wanted
    assert all(finders.find(file) for file in wanted)


@pytest.mark.parametrize("name", ALONE)
def test_an_error_page_needs_no_database_no_cache_and_no_context(name):
    html = env().get_template(name).render({})
    assert html.count("<h1") == 1
    assert "/shelves/1-" not in html


def test_what_was_posted_is_not_sent_again_by_a_page_that_reloads(rf):
    page = env().get_template("503.html")
    assert 'http-equiv="refresh"' in page.render({"request": rf.get("/")})
    posted = page.render({"request": rf.post("/basket/add/")})
    assert 'http-equiv="refresh"' not in posted
    assert 'href=""' not in posted


def test_a_page_holds_no_token_and_nobody(rf):
    html = (
        engines["jinja2"]
        .get_template("product.html")
        .render({"product": product(), "category": SHELF, "related": (), "shelves": [SHELF]}, rf.get("/"))
    )
    assert "data-csrf" in html
    assert "csrfmiddlewaretoken" not in html


def test_a_sold_out_product_cannot_be_added():
    assert "Sold out" in product_page(band="out")
    assert 'name="n"' not in product_page(band="out").split('id="add"')[0]
    assert 'value="7"' not in env().get_template("m.html").module.good(card(band="out"))


def test_a_product_without_a_price_is_shown_without_one():
    assert "€" not in env().get_template("m.html").module.good(card(price=None))
    assert "None" not in product_page(price=None)


def test_a_lower_price_says_what_it_was_and_until_when():
    html = product_page(price=410, was=520, label="Sourdough week", until="2026-11-29T23:59:00+00:00", flag="−21%")
    assert '<span class="vh">before </span>€5.20' in html
    assert "Sourdough week, until Sunday 29 November" in html


def test_marks_have_one_decimal_wherever_they_stand():
    for rating, said in ((4.55, "4.5"), (4.65, "4.7"), (5.0, "5.0")):
        html = product_page(rating=rating, reviews=11)
        assert f"{said} from 11 reviews" in html
        assert f'score">{said}</p>' in html
        assert f'aria-label="{said} out of 5"' in html


def test_what_customers_write_is_shown_not_obeyed():
    said = {"id": 1, "author": NASTY, "author_id": 3, "rating": 5, "body": NASTY, "verified": True}
    html = product_page(name=NASTY, latest=[said | {"at": "2026-11-18T09:00:00+00:00"}], reviews=1, rating=5)
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(&#x27;Mallory&#x27;)" in html


@pytest.mark.parametrize("value", ["<b>", 5, None, forms.CharField().widget.render("a", "<b>")])
def test_values_come_out_as_jinja_would_write_them(value):
    escaped = env().from_string("{{ value }}").render(value=value)
    assert "<b>" not in escaped
    assert env().from_string("{{ value|safe }}").render(value=value) == str(value)


def test_structured_data_cannot_end_its_element():
    html = page("product.html", product=product(), category=SHELF, related=(), jsonld={"name": NASTY + "<!--\u2028"})
    inside = re.search(r"<script type=.application/ld\+json.>(.*?)</script>", html)[1]
    assert not re.search(r"[<>&\u2028]", inside)
    assert json.loads(inside) == {"name": NASTY + "<!--\u2028"}
    assert "<" not in jsonld('{"name": "<"}')


def test_a_shelf_says_what_it_is_narrowed_to():
    """On a phone the chosen tag may be out of sight, and without script it stays there."""
    tags = [
        {"slug": name.lower(), "name": name, "on": on, "count": 1} for name, on in (("Rye", False), ("Vegan", True))
    ]
    shelf = {"category": SHELF, "cards": [card()], "page": PAGE, "sort": "baked", "tags": tags, "query": ""}
    assert "1 to 1 of 1: Vegan, in stock. <a" in page("category.html", **shelf, in_stock=True)
    assert "1 to 1 of 1: Vegan. <a" in page("category.html", **shelf)


def test_a_filter_keeps_the_rest_of_the_query():
    tags = [
        {"slug": "vegan", "name": "Vegan", "count": 3, "on": True},
        {"slug": "rye", "name": "Rye", "count": 2, "on": False},
    ]
    shelf = {"category": SHELF, "cards": [card()], "page": PAGE, "sort": "price", "tags": tags, "in_stock": False}
    html = page("category.html", **shelf, query="sort=price&tag=vegan&page=3", canonical="/")
    assert 'href="?sort=price&amp;tag=vegan&amp;tag=rye"' in html
    assert 'class="tag" href="?sort=price" rel="nofollow" aria-current="true"' in html
    assert '<option value="price" selected>' in html


def test_pages_lead_to_their_neighbours():
    between = PAGE | {"number": 2, "count": 9, "links": [1, 2, 3, None, 9]}
    html = env().get_template("m.html").module.pages(between, "q=rye")
    assert 'href="?q=rye&amp;page=1" rel="prev"' in html
    assert 'href="?q=rye&amp;page=3" rel="next"' in html
    assert html.count("aria-current") == 1


def test_the_header_marks_where_we_are_and_follows_the_shelves():
    assert 'href="/shelves/1-bread/" aria-current="page"' in product_page()
    renamed = page("product.html", product=product(), shelves=[SHELF | {"name": "Loaves"}])
    assert ">Loaves</a>" in renamed
    assert ">Bread</a>" not in renamed


class NameForm(forms.Form):
    name = forms.CharField(help_text="As it stands on the bag")
    note = forms.CharField(required=False)


def test_a_wrong_field_is_named_marked_and_explained():
    form = NameForm({"name": ""})
    module = env().get_template("m.html").module
    field = module.field(form["name"])
    assert 'aria-invalid="true"' in field
    assert 'aria-describedby="id_name_helptext id_name_error"' in field
    assert 'id="id_name_error"' in field
    assert '<a href="#id_name">' in module.alert(form)
    assert "You can leave this empty" in module.field(form["note"])


def test_home_draws_the_line_at_now_before_what_is_still_to_come():
    bake = [{"time": "06:50", "later": False, "cards": [card()]}, {"time": "13:00", "later": True, "cards": [card()]}]
    html = page("home.html", bake=bake, now="09:05", journal=[], hero=card())
    assert html.index("6:50</time>") < html.index("Now, 9:05") < html.index("13:00</time>")
    assert "The first out of the oven, from 6:50 on." in html
    assert "Lit at" in page("home.html", bake=[], now="09:05", journal=[], hero=None)


def test_dots_reach_items_before_attributes():
    tagged = {"items": "bread", "keys": None}
    assert (
        env()
        .from_string("{{ d.items }} {{ o.name }} {{ d.get('keys') }}{{ d.gone }}")
        .render(d=tagged, o=SimpleNamespace(name="rye"))
        == "bread rye None"
    )
