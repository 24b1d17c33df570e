"""What people send lies in a bucket that every clone asks: nothing is written over, nothing private is public."""

from itertools import count
from urllib.request import urlopen

import boto3
import pytest
from django.core.files.storage import default_storage, storages
from django.urls import reverse

from accounts.portraits import remove_picture
from jobs import files, starts
from jobs.cakes import CAKE
from jobs.leases import Lease, claim
from jobs.models import Job, Render
from jobs.running import Running
from products.schema import product_schema
from settings.places import Place
from shop.jinja import environment
from shop.valkeys import free_port
from tests.accounts.test_details import a_picture, upload, work
from tests.factories import ada, mallory, steve

from .cakes import Painter, asked
from .people import visitor

pytestmark = pytest.mark.django_db(transaction=True)
names = (f"shop-{number}" for number in count(1))


@pytest.fixture
def kept_in(settings, monkeypatch):
    """Have the files in the place of such a URL."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "only")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "for-tests")

    def kept(url):
        place = Place(url)
        media, private = place.inside("media"), place.inside("private")
        settings.STORAGES = settings.STORAGES | {
            "default": media.public(media.address("/media/")),
            "pictures_private": private.private(),
        }
        return media.address("/media/")

    return kept


@pytest.fixture
def bucket(s3, kept_in):
    """Answers where its public files are."""
    name = next(names)
    keys = {"aws_access_key_id": "only", "aws_secret_access_key": "for-tests", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=s3, **keys).create_bucket(Bucket=name)
    return kept_in(f"s3://{name}/files?endpoint={s3}&region=us-east-1")


def fetched(url):
    with urlopen(url) as answer:
        return answer.read()


def picture(client, job, **query):
    return client.get(reverse("job_picture", args=[job.key]), query)


def another_clone():
    """One that has opened no storage yet."""
    storages._storages.clear()


def test_two_customers_who_send_a_file_of_one_name_see_their_own(bucket):
    people = [steve(), mallory()]
    for user in people:
        assert upload(visitor(user), a_picture(name="me.png")).status_code == 302
    work()
    for user in people:
        user.refresh_from_db()
        assert default_storage.url(user.picture).startswith(f"{bucket}people/")
        with default_storage.open(user.picture) as file:
            assert file.read()[8:12] == b"WEBP"
    assert people[0].picture != people[1].picture
    assert len(default_storage.listdir("people")[1]) == 2


def test_a_new_picture_takes_the_old_ones_place_and_what_was_sent_goes(bucket):
    user = steve()
    seen = []
    for _ in range(2):
        upload(visitor(user), a_picture())
        work()
        user.refresh_from_db()
        seen.append(user.picture)
    assert [default_storage.exists(name) for name in seen] == [False, True]
    job = Job.objects.filter(kind="portrait").last()
    assert files.kept(job) == []
    remove_picture(user)
    assert not default_storage.exists(seen[1])


def test_a_cakes_picture_is_for_its_owner_and_the_way_to_it_ends_within_a_minute(bucket):
    client, other = visitor(steve()), visitor(mallory())
    job = asked(client)
    Painter(job).coat(2)
    for number in ("2", ""):
        answer = picture(client, job, n=number)
        assert (answer.status_code, answer["Cache-Control"]) == (302, "private, no-store")
        assert "X-Amz-Expires=60&" in answer.url
        assert fetched(answer.url)[8:12] == b"WEBP"
    stranger = picture(other, job, n=2)
    assert stranger.status_code == 404
    assert "Location" not in stranger
    assert visitor().get(f"/media/{Render.objects.get().picture}").url.startswith(bucket)  # and not where it lies


def test_a_worker_on_another_machine_goes_on_from_a_checkpoint(bucket):
    job = asked(visitor(steve()))
    Painter(job).coat()
    Render.objects.update(state="queued")
    another_clone()
    successor = claim(Render, job.render_id)
    assert Running(successor, CAKE, successor.design, Lease(successor)).checkpoint


def test_an_export_is_fetched_by_who_asked_for_it_alone(bucket):
    client = visitor(ada())
    client.post(reverse("admin:shop_order_exports"), {"month": "2026-05"})
    job = Job.objects.get(kind="export")
    starts.run(job.pk)
    address = reverse("admin:shop_order_export", args=[job.key])
    answer = client.get(address)
    assert answer.status_code == 302
    assert {"private", "no-store"} <= set(answer["Cache-Control"].split(", "))
    assert fetched(answer.url).startswith("\ufeffnumber".encode())
    assert visitor(steve()).get(address).status_code != 200


def test_an_old_address_of_a_picture_leads_to_the_bucket_and_nowhere_else(bucket):
    client = visitor()
    assert client.get("/media/people/a.webp").url == f"{bucket}people/a.webp"
    for path in ("../private/renders/a.webp", "people/../../private/a.webp", "%2e%2e/private/a.webp", "a.html"):
        assert client.get(f"/media/{path}").status_code == 404, path


def test_other_sites_are_told_of_a_picture_by_its_whole_address(bucket, settings, tmp_path):
    data = {"url": "/products/1-rye/", "name": "Rye", "about": "", "price": 520, "band": "in", "until": None}
    data |= {"pictures": [{"stem": "products/rye"}], "reviews": 0}
    assert product_schema(data)["image"] == [f"{bucket}products/rye-800.webp"]
    assert environment().globals["picture_link"]("products/rye", 800) == f"{bucket}products/rye-800.webp"
    settings.STORAGES = settings.STORAGES | {"default": Place(tmp_path.as_uri()).public("/media/")}
    whole = f"{settings.SITE_URL}/media/products/rye-800.webp"
    assert product_schema(data)["image"] == [whole]
    assert environment().globals["picture_link"]("products/rye", 800) == whole


def test_with_the_bucket_away_a_picture_is_not_taken_and_the_catalogue_is_there(kept_in):
    kept_in(f"s3://files?endpoint=http://127.0.0.1:{free_port()}&region=us-east-1")
    client = visitor(steve())
    answer = upload(client, a_picture())
    assert (answer.status_code, answer["Retry-After"]) == (503, "20")
    assert not Job.objects.exists()
    assert client.get("/").status_code == 200
