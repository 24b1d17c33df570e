"""Published pages in the bakehouse: seen by who may, published again, and told of at once when one fails."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse
from django.utils import timezone

from jobs.models import Outbox, Page, PageUse
from scaling.pages import publish
from scaling.uses import digest
from shop import admin_pages
from tests import factories

from .people import visitor
from .test_axe import AXE

pytestmark = pytest.mark.django_db
LIST = "admin:jobs_page_changelist"
OBJECT = {"first": -1, "last": -1, "digest": "0" * 16}


@pytest.fixture(autouse=True)
def publishing(settings):
    settings.PUBLISH = "all"


@pytest.fixture
def ada(client):
    client.force_login(factories.ada())
    return client


def helper(client, *codenames):
    """Somebody of the staff who has these rights and no others."""
    ben = factories.make_user("Ben", is_staff=True)
    ben.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client.force_login(ben)
    return client


def make_page(path="/shelves/", *, release="embedded", failed=None, **changes):
    """A published page; `failed` says how long it has been so."""
    there = {"size": 12_345, "published_at": timezone.now(), "times": 3}
    if failed is not None:
        there |= {"failed_at": timezone.now() - failed, "error": "ValueError: No ink"}
    return Page.objects.create(release=release, path=path, **there | changes)


def text(answer):
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def address(page):
    return reverse("admin:jobs_page_change", args=[page.pk])


def paths_in(answer):
    return [page.path for page in answer.context["cl"].result_list]


def test_the_list_tells_how_pages_stand(ada):
    make_page(failed=timedelta(hours=1))
    said = text(ada.get(reverse(LIST)))
    for told in ("/shelves/", "embedded", "12.3 kB", "just now", "ValueError: No ink"):
        assert told in said


def test_the_list_can_be_narrowed_and_searched(ada):
    make_page("/", release="older")
    make_page("/journal/", failed=timedelta(0))
    make_page("/shelves/")
    assert paths_in(ada.get(reverse(LIST))) == ["/", "/journal/", "/shelves/"]
    assert paths_in(ada.get(reverse(LIST), {"failed": "yes"})) == ["/journal/"]
    assert paths_in(ada.get(reverse(LIST), {"release": "older"})) == ["/"]
    assert paths_in(ada.get(reverse(LIST), {"q": "shel"})) == ["/shelves/"]


def test_a_page_that_is_gone_or_never_came_says_so(ada):
    assert "There is no such page any more." in text(ada.get(address(make_page("/a/", size=None))))
    said = text(ada.get(address(make_page("/b/", size=None, published_at=None, failed=timedelta(0)))))
    assert "It cannot be rendered, for" in said
    assert "it is served live" in said


def test_a_page_lists_what_it_is_made_of_and_leads_to_it(ada):
    loaf, page = factories.make_product(), make_page()
    for subject in (f"product:{loaf.pk}", "product:999", "thing:5"):
        PageUse.objects.create(page=page, subject=subject, **OBJECT)
    PageUse.objects.create(page=page, subject=f"product:{loaf.pk}", **OBJECT | {"first": -2, "last": -2})
    PageUse.objects.create(page=page, subject="l:shelves", first=0, last=29, digest=digest([1]))
    PageUse.objects.create(page=page, subject="l:journal", first=12, last=23, digest=digest([1]), total=17)
    PageUse.objects.create(page=page, subject="l:orders", first=0, last=-1, total=5)
    said = text(ada.get(address(page)))
    link = reverse("admin:products_product_change", args=[loaf.pk])
    assert f'<li><a href="{link}">{loaf.name}</a></li><li>product 999</li>' in said
    assert said.count(link) == 1
    assert "<li>thing 5</li>" in said
    for places in ("1 to 30", "13 to 17 of 17", "only how many there are: 5"):
        assert f"<dd>{places}</dd>" in said


def test_a_page_made_of_much_says_how_much_more(ada, monkeypatch, django_assert_max_num_queries):
    page = make_page()
    products = [factories.make_product(f"Loaf {n}", slug=f"loaf-{n}") for n in range(20)]
    PageUse.objects.bulk_create(PageUse(page=page, subject=f"product:{one.pk}", **OBJECT) for one in products)
    with django_assert_max_num_queries(10):
        said = text(ada.get(address(page)))
    assert "more:" not in said
    monkeypatch.setattr(admin_pages, "SHOWN", 15)
    assert "… and 5 more:" in text(ada.get(address(page)))


def test_who_may_only_look_is_led_nowhere_and_publishes_nothing(client):
    loaf, page = factories.make_product(), make_page()
    PageUse.objects.create(page=page, subject=f"product:{loaf.pk}", **OBJECT)
    client = helper(client, "view_page")
    said = text(client.get(address(page)))
    assert f"<li>{loaf.name}</li>" in said
    assert "Publish again" not in said
    assert client.post(address(page)).status_code == 403
    client.post(reverse(LIST), {"action": "publish_again", "_selected_action": [page.pk]})
    assert not Outbox.objects.filter(task__startswith="jobs.pages.").exists()


def test_without_the_right_to_see_them_nobody_does(client):
    page = make_page(failed=timedelta(0))
    client = helper(client)
    assert client.get(reverse(LIST)).status_code == 403
    assert client.get(address(page)).status_code == 403
    assert client.post(address(page)).status_code == 403
    assert 'class="alarm"' not in text(client.get(reverse("admin:index")))


def test_nobody_types_a_page(ada):
    page = make_page()
    assert ada.get(reverse("admin:jobs_page_add")).status_code == 403
    assert ada.get(reverse("admin:jobs_page_delete", args=[page.pk])).status_code == 403
    ada.post(address(page), {"path": "/other/", "size": 1})
    page.refresh_from_db()
    assert (page.path, page.size) == ("/shelves/", 12_345)


def waiting():
    rows = Outbox.objects.filter(task__startswith="jobs.pages.").order_by("task")
    return list(rows.values_list("task", "subject"))


def test_chosen_pages_are_published_again_by_workers_of_their_release(ada):
    chosen = [make_page().pk, make_page("/", release="older").pk]
    make_page("/journal/")
    answer = ada.post(reverse(LIST), {"action": "publish_again", "_selected_action": chosen}, follow=True)
    assert "2 pages are published again, in a moment." in text(answer)
    assert waiting() == [("jobs.pages.publish@embedded", "/shelves/"), ("jobs.pages.publish@older", "/")]


def test_one_page_is_published_again_from_its_own(client):
    page = make_page()
    client = helper(client, "view_page", "change_page")
    answer = client.post(address(page), follow=True)
    assert answer.redirect_chain == [(address(page), 302)]
    assert "The page is published again, in a moment." in text(answer)
    assert waiting() == [("jobs.pages.publish@embedded", "/shelves/")]


def test_while_publishing_is_off_it_says_so(ada, settings):
    settings.PUBLISH = "off"
    assert "PUBLISH is off" in text(ada.post(address(make_page()), follow=True))
    assert waiting() == []


def test_a_page_that_does_not_exist_is_not_found_quietly(ada):
    assert ada.post(reverse("admin:jobs_page_change", args=[999])).status_code in (302, 403)


def test_the_index_sounds_the_alarm_and_leads_to_the_pages_that_failed(ada):
    make_page("/", failed=timedelta(minutes=10))
    make_page("/journal/", failed=timedelta(hours=2))
    make_page("/older/", release="older", failed=timedelta(days=2))
    answer = ada.get(reverse("admin:index"))
    assert 'role="alert"' in text(answer)
    assert "<strong>2 pages of the shop cannot be published</strong>, for 2" in text(answer)
    assert paths_in(ada.get(answer.context["alarm"]["url"])) == ["/", "/journal/"]


def test_the_index_is_quiet_while_all_is_well(ada, settings):
    make_page()
    assert "alert" not in text(ada.get(reverse("admin:index")))
    Page.objects.update(failed_at=timezone.now())
    assert 'role="alert"' in text(ada.get(reverse("admin:index")))
    settings.PUBLISH = "off"
    assert "alert" not in text(ada.get(reverse("admin:index")))


@pytest.fixture
def tab(browser, live_server):
    """Ada's, of any width. What Django's own scripts complain about is not ours."""
    context = browser.new_context(base_url=live_server.url, reduced_motion="reduce")
    session = visitor(factories.ada()).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    yield context.new_page()
    context.close()


OURS = [".alarm", ".today", ".field-path", ".field-failure", ".object-head", ".fault", ".facts", ".made"]
WRONG = """async ours => {
  const here = ours.filter(each => document.querySelector(each)).map(each => [each]);
  const { violations } = await axe.run({ include: here }, { runOnly: ["wcag2a", "wcag2aa", "wcag21aa"] });
  return violations.map(each => `${each.id}: ${each.nodes.map(node => node.html.slice(0, 200)).join(" | ")}`);
}"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("pages_folder")
@pytest.mark.parametrize(("width", "theme"), [(360, "dark"), (1280, "light")])
def test_nothing_of_it_is_wider_than_the_screen_or_hard_to_read(tab, width, theme):
    product = factories.make_product("Wholemeal sourdough with pumpkin seeds and honey")
    publish([product.get_absolute_url()])
    Page.objects.update(failed_at=timezone.now(), error="OSError: " + "/srv/pages/" * 20)
    tab.set_viewport_size({"width": width, "height": 800})
    tab.emulate_media(color_scheme=theme)
    for path in (reverse("admin:index"), reverse(LIST), address(Page.objects.get())):
        assert tab.goto(path, wait_until="networkidle").status == 200
        assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        tab.evaluate(AXE)
        assert tab.evaluate(WRONG, OURS) == [], path
