"""Files that people send: two may have one name, whose it is keeps it, and errors are a folder's."""

import threading
from itertools import count
from urllib.request import urlopen

import boto3
import pytest
from django.core.exceptions import SuspiciousOperation
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage
from django.http import FileResponse

from scaling.bucket_storage import BucketStorage
from scaling.private_files import sent
from scaling.unavailable import FilesAway
from shop.valkeys import free_port

KEYS = {"access_key": "only", "secret_key": "for-tests", "region_name": "us-east-1"}
names = (f"files-{number}" for number in count(1))


@pytest.fixture
def bucket(s3):
    """Makes storages of one bucket."""
    name = next(names)
    keys = {"aws_access_key_id": "only", "aws_secret_access_key": "for-tests", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=s3, **keys).create_bucket(Bucket=name)
    return lambda **more: BucketStorage(
        **KEYS
        | {"bucket_name": name, "endpoint_url": s3, "location": "shop/media", "addressing_style": "path"}
        | more
    )


@pytest.fixture(params=["folder", "bucket"])
def storage(request, bucket, tmp_path):
    return bucket() if request.param == "bucket" else FileSystemStorage(tmp_path / "files")


def read(storage, name):
    with storage.open(name) as file:
        return file.read()


def test_of_two_who_send_a_file_of_one_name_both_keep_theirs(storage):
    one, other = (storage.save("people/me.webp", ContentFile(data)) for data in (b"Ana", b"Ben"))
    assert one == "people/me.webp" != other
    assert [read(storage, name) for name in (one, other)] == [b"Ana", b"Ben"]


def test_that_holds_when_both_have_looked_before_either_writes(storage, monkeypatch):
    together, looked = threading.Barrier(2), storage.get_available_name
    first = {}

    def look(name, max_length=None):
        found = looked(name, max_length)
        if threading.get_ident() not in first:
            first[threading.get_ident()] = found
            together.wait()
        return found

    monkeypatch.setattr(storage, "get_available_name", look)
    saved = {}
    senders = [
        threading.Thread(target=lambda data=data: saved.update({data: storage.save("me.webp", ContentFile(data))}))
        for data in (b"Ana", b"Ben")
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert [*first.values()] == ["me.webp"] * 2
    assert {data: read(storage, name) for data, name in saved.items()} == {b"Ana": b"Ana", b"Ben": b"Ben"}


def test_what_is_not_there_is_said_as_a_folder_says_it(storage):
    with pytest.raises(FileNotFoundError):
        storage.open("people/nobody.webp")
    storage.delete("people/nobody.webp")
    assert not storage.exists("people/nobody.webp")


def test_nobody_gets_out_of_the_folder(storage):
    for name in ("../private/me.webp", "people/../../private/me.webp"):
        with pytest.raises(SuspiciousOperation):
            storage.open(name)
        with pytest.raises(SuspiciousOperation):
            storage.save(name, ContentFile(b"x"))


def test_files_are_listed_and_deleted(storage):
    for name in ("jobs/1/1-a.webp", "jobs/1/2-b.checkpoint", "jobs/2/1-c.webp"):
        storage.save(name, ContentFile(b"x"))
    assert sorted(storage.listdir("jobs/1")[1]) == ["1-a.webp", "2-b.checkpoint"]
    storage.delete("jobs/1/1-a.webp")
    assert storage.listdir("jobs/1")[1] == ["2-b.checkpoint"]


def test_text_is_kept_as_bytes_and_twice_as_many_reads_are_the_same(storage):
    name = storage.save("a.txt", ContentFile("crème"))
    assert [read(storage, name) for _ in range(2)] == ["crème".encode()] * 2


# ---------------------------------------------------------------- what everybody may read


def test_a_public_file_lies_at_an_address_that_asks_nobody(bucket, s3, monkeypatch):
    storage = bucket(base_url="https://cdn.example/media/", object_parameters={"CacheControl": "public, max-age=9"})
    name = storage.save("people/me é.webp", ContentFile(b"Ana"))
    monkeypatch.setattr(BucketStorage, "connection", property(lambda self: pytest.fail("it asks the bucket")))
    assert storage.url(name) == "https://cdn.example/media/people/me%20%C3%A9.webp"
    assert storage.url("") == "https://cdn.example/media/"
    with pytest.raises(SuspiciousOperation):
        storage.url("../private/me.webp")


def test_it_is_sent_as_what_it_is_and_for_so_long_as_was_said(bucket):
    storage = bucket(object_parameters={"CacheControl": "public, max-age=9"})
    head = {
        name: storage.connection.Object(storage.bucket_name, f"shop/media/{name}") for name in ("a.webp", "b.zzz")
    }
    for name in head:
        storage.save(name, ContentFile(b"x"))
    assert [each.content_type for each in head.values()] == ["image/webp", "application/octet-stream"]
    assert {each.cache_control for each in head.values()} == {"public, max-age=9"}


def test_without_a_folder_in_the_bucket_it_works_as_well(bucket):
    storage = bucket(location="", base_url="https://cdn.example/")
    name = storage.save("me.webp", ContentFile(b"Ana"))
    assert (storage.url(name), storage.url(""), read(storage, name)) == (
        "https://cdn.example/me.webp",
        "https://cdn.example/",
        b"Ana",
    )


# ---------------------------------------------------------------- what is somebody's


def test_a_private_file_has_no_address_but_a_signed_one_that_ends(bucket):
    storage = bucket(querystring_expire=60)
    name = storage.save("jobs/cake.webp", ContentFile(b"cake"))
    with pytest.raises(ValueError, match="no address"):
        storage.url(name)
    url = storage.signed_url(name, "image/webp")
    assert "X-Amz-Expires=60&" in url
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
    with urlopen(url) as answer:
        assert answer.read() == b"cake"
        assert (answer.headers["Content-Type"], answer.headers["Cache-Control"]) == (
            "image/webp",
            "private, no-store",
        )


def test_a_signed_address_leads_to_where_the_policy_of_pages_allows(bucket):
    storage = bucket(endpoint_url=None, region_name="eu-west-2", addressing_style="virtual")
    assert storage.signed_url("a.webp", "image/webp").startswith(
        f"https://{storage.bucket_name}.s3.eu-west-2.amazonaws.com/shop/media/a.webp?"
    )


def test_from_a_bucket_goes_the_way_and_from_a_folder_the_file(storage):
    name = storage.save("jobs/orders.csv", ContentFile(b"a,b"))
    response = sent(storage, name, "text/csv", "orders of May.csv")
    assert response["Cache-Control"] == "private, no-store"
    if isinstance(response, FileResponse):
        assert (b"".join(response.streaming_content), response["Content-Type"]) == (b"a,b", "text/csv")
        assert response["Content-Disposition"] == 'attachment; filename="orders of May.csv"'
        return
    assert response.status_code == 302
    with urlopen(response.url) as answer:
        assert (answer.read(), answer.headers["Content-Type"]) == (b"a,b", "text/csv")
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''orders%20of%20May.csv"


# ---------------------------------------------------------------- the bucket is away


@pytest.mark.parametrize("ask", ["open", "exists", "delete", "listdir", "save"])
def test_a_bucket_that_is_away_is_an_outage(bucket, ask):
    storage = bucket(endpoint_url=f"http://127.0.0.1:{free_port()}")
    with pytest.raises(FilesAway, match="does not answer as it should"):
        getattr(storage, ask)("a.webp", *([ContentFile(b"x")] if ask == "save" else []))


def test_a_bucket_that_is_not_there_is_an_outage_and_not_a_file_that_is_missing(bucket):
    storage = bucket(bucket_name="nowhere")
    with pytest.raises(FilesAway):
        storage.open("a.webp")
    with pytest.raises(FilesAway):
        storage.save("a.webp", ContentFile(b"x"))
