"""Published pages in a bucket, on a real server that speaks S3."""

import gzip
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from urllib.request import urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ReadTimeoutError
from storages.backends.s3 import S3Storage

from scaling.bucket import Bucket
from scaling.bucket_objects import PATIENCE
from shop.valkeys import free_port
from tests.test_layers import FILES, imports_of, module_of

from .memory import Memory

KEYS = {"access_key": "only", "secret_key": "for-tests", "region_name": "us-east-1"}
NAME, PAGE = "shelves/1-bread/index.html", "<p>Rye – five a day</p>".encode()
FOREIGN = {"boto3", "botocore", "storages"}
names = (f"pages-{number}" for number in count(1))


@pytest.fixture(scope="module")
def client(s3):
    keys = {"aws_access_key_id": "only", "aws_secret_access_key": "for-tests", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=s3, **keys)


@pytest.fixture
def storage(s3, client):
    name = next(names)
    client.create_bucket(Bucket=name)
    return S3Storage(bucket_name=name, endpoint_url=s3, **KEYS)


@pytest.fixture
def bucket(storage):
    return Bucket(storage, "1")


def when(bucket, event, do):
    """Call `do` at that event of the bucket's client, once."""

    def once(**_):
        bucket.objects._client.meta.events.unregister(event, once)
        return do()

    bucket.objects._client.meta.events.register(event, once)


def counted(bucket):
    """Every request from here on."""
    sent = []
    bucket.objects._client.meta.events.register("before-send.s3", lambda request, **_: sent.append(request.method))
    return sent


def test_a_page_is_put_read_and_removed(bucket):
    assert bucket.read(NAME) is None
    assert bucket.put(NAME, PAGE, 5)
    assert bucket.read(NAME) == (5, PAGE)
    assert bucket.put(NAME, b"new", 2**62)
    assert bucket.read(NAME) == (2**62, b"new")
    assert not bucket.remove(NAME, 6)
    assert bucket.read(NAME) == (2**62, b"new")
    assert bucket.remove(NAME, 2**62 + 1)
    assert bucket.read(NAME) is None


def test_what_is_there_or_was_removed_is_not_put_again_by_an_older_one(bucket):
    assert bucket.put(NAME, PAGE, 5)
    assert not bucket.put(NAME, b"old", 5)
    assert not bucket.put(NAME, b"old", 4)
    assert not bucket.remove(NAME, 5)
    assert bucket.read(NAME) == (5, PAGE)
    assert bucket.remove(NAME, 7)
    assert not bucket.put(NAME, b"old", 6)
    assert not bucket.put(NAME, b"old", 7)
    assert not bucket.remove(NAME, 7)
    assert bucket.read(NAME) is None
    assert bucket.put(NAME, PAGE, 8)


def test_what_never_was_can_be_removed_and_is_remembered(bucket):
    assert bucket.remove(NAME, 5)
    assert not bucket.put(NAME, PAGE, 4)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("index.html", "text/html; charset=utf-8"),
        ("sitemap.xml", "application/xml; charset=utf-8"),
        ("robots", "text/plain; charset=utf-8"),
    ],
)
def test_an_object_can_be_served_as_it_is(bucket, storage, client, name, kind):
    bucket.put(name, PAGE, 5)
    address = {"Bucket": storage.bucket_name, "Key": f"1/{name}"}
    with urlopen(client.generate_presigned_url("get_object", address)) as answer:
        told = {each: answer.headers[each] for each in ("Content-Type", "Content-Encoding", "Cache-Control")}
        assert told == {"Content-Type": kind, "Content-Encoding": "gzip", "Cache-Control": "no-cache"}
        assert gzip.decompress(answer.read()) == PAGE


def test_the_same_page_with_another_number_has_another_etag(bucket, client, storage):
    def tag():
        return client.head_object(Bucket=storage.bucket_name, Key=f"1/{NAME}")["ETag"]

    bucket.put(NAME, PAGE, 5)
    before = tag()
    bucket.put(NAME, PAGE, 6)
    assert tag() != before


def test_pages_are_named_release_by_release(storage, bucket):
    tenth = Bucket(storage, "10")
    for name in ("index.html", NAME, "404.html", "gone.html"):
        bucket.put(name, PAGE, 5)
    bucket.remove("gone.html", 6)
    bucket.point()
    tenth.put("sitemap.xml", PAGE, 5)
    assert list(bucket.names()) == ["404.html", "index.html", NAME]
    assert list(tenth.names()) == ["sitemap.xml"]
    assert tenth.read(NAME) is None


def test_the_pointer_moves_from_release_to_release(storage, bucket, monkeypatch):
    monkeypatch.setattr("scaling.bucket.POINTED_SECONDS", -1)
    second = Bucket(storage, "2")
    assert bucket.pointed() == second.pointed() == ""
    bucket.point()
    assert bucket.pointed() == second.pointed() == "1"
    second.point()
    assert bucket.pointed() == "2"


def test_the_pointer_is_not_asked_for_all_the_time(bucket, monkeypatch):
    bucket.point()
    assert bucket.pointed() == "1"
    monkeypatch.setattr(bucket.objects, "read", lambda key: pytest.fail("the bucket was asked"))
    assert bucket.pointed() == "1"


def test_a_storage_may_have_a_place_of_its_own_in_the_bucket_and_parameters(storage, client):
    inside = S3Storage(
        bucket_name=storage.bucket_name,
        endpoint_url=storage.endpoint_url,
        location="site/",
        object_parameters={"StorageClass": "STANDARD_IA", "CacheControl": "max-age=9"},
        **KEYS,
    )
    bucket = Bucket(inside, "1")
    bucket.put("a.html", PAGE, 5)
    bucket.put("b.html", PAGE, 5)
    bucket.remove("b.html", 6)
    bucket.point()
    listed = client.list_objects_v2(Bucket=storage.bucket_name)["Contents"]
    assert {each["Key"] for each in listed} == {"site/1/a.html", "site/.gone/1/b.html", "site/current"}
    assert list(bucket.names()) == ["a.html"]
    head = client.head_object(Bucket=storage.bucket_name, Key="site/1/a.html")
    assert (head["StorageClass"], head["CacheControl"]) == ("STANDARD_IA", "no-cache")


def test_releases_are_dropped_and_the_others_stay(storage, bucket):
    second, tenth = Bucket(storage, "2"), Bucket(storage, "10")
    assert bucket.releases() == set()
    for each in (bucket, second, tenth):
        each.put(NAME, PAGE, 5)
        each.put("gone.html", PAGE, 5)
        each.remove("gone.html", 6)
    bucket.point()
    assert bucket.releases() == {"1", "2", "10"}
    second.drop("1")
    assert second.releases() == {"2", "10"}
    assert list(bucket.names()) == []
    assert bucket.put("gone.html", PAGE, 1), "what is remembered of a release goes with it"
    assert tenth.read(NAME) == (5, PAGE)
    assert not tenth.put("gone.html", PAGE, 1)


def test_what_was_removed_long_ago_is_forgotten(bucket):
    bucket.remove(NAME, 5)
    bucket.tidy(time.time() - 3600)
    assert not bucket.put(NAME, PAGE, 4)
    bucket.tidy(time.time() + 3600)
    assert bucket.put(NAME, PAGE, 4)


def test_a_put_costs_two_requests_once_the_page_is_known(bucket):
    sent = counted(bucket)
    for number, requests in ((5, "HEAD HEAD PUT HEAD"), (6, "HEAD HEAD PUT"), (7, "HEAD PUT"), (8, "HEAD PUT")):
        sent.clear()
        assert bucket.put(NAME, PAGE, number)
        assert " ".join(sent) == requests
    sent.clear()
    assert bucket.remove(NAME, 9)
    assert " ".join(sent) == "HEAD PUT HEAD DELETE"


@pytest.mark.parametrize("newer", ["put", "remove"])
@pytest.mark.parametrize("before", [(), (1,), (1, 2)])
def test_a_put_that_is_overtaken_right_before_it_writes_is_refused(bucket, storage, before, newer):
    other = Bucket(storage, "1")
    for number in before:
        other.put(NAME, PAGE, number)
    overtake = partial(other.put, NAME, PAGE, 7) if newer == "put" else partial(other.remove, NAME, 7)
    when(bucket, "before-call.s3.PutObject", lambda: overtake() and None)
    assert not bucket.put(NAME, PAGE, 5)
    assert other.read(NAME) == ((7, PAGE) if newer == "put" else None)


@pytest.mark.parametrize("operation", ["PutObject", "DeleteObject"])
def test_a_remove_leaves_a_newer_page_that_overtakes_it(bucket, storage, operation):
    other = Bucket(storage, "1")
    other.put(NAME, PAGE, 1)
    when(bucket, f"before-call.s3.{operation}", lambda: other.put(NAME, PAGE, 7) and None)
    assert not bucket.remove(NAME, 5)
    assert other.read(NAME) == (7, PAGE)


@pytest.mark.parametrize("before", [(), (1,), (1, 2)])
def test_a_put_whose_answer_is_lost_knows_its_own_page(bucket, monkeypatch, before):
    for number in before:
        bucket.put(NAME, b"old", number)
    lose_one_answer(bucket, "PUT", monkeypatch)
    assert bucket.put(NAME, PAGE, 5)
    assert bucket.read(NAME) == (5, PAGE)


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_remove_whose_answer_is_lost_goes_on(bucket, monkeypatch, method):
    bucket.put(NAME, PAGE, 5)
    lose_one_answer(bucket, method, monkeypatch)
    assert bucket.remove(NAME, 6)
    assert bucket.read(NAME) is None
    assert not bucket.put(NAME, PAGE, 5)


def lose_one_answer(bucket, method, monkeypatch):
    """The server has done it, and nobody hears of it: the client asks again."""
    session = bucket.objects._client._endpoint.http_session
    send, lost = session.send, []

    def losing(request):
        answer = send(request)
        if request.method == method and not lost:
            lost.append(answer)
            raise ReadTimeoutError(endpoint_url=request.url)
        return answer

    monkeypatch.setattr(session, "send", losing)


def test_threads_share_a_bucket(bucket):
    ready = threading.Barrier(4)

    def put(number):
        ready.wait(60)
        return bucket.put(NAME, str(number).encode(), number)

    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(put, (1, 2, 3, 4)))
    assert answers[-1]
    assert bucket.read(NAME) == (4, b"4")


def test_a_bucket_that_is_away_or_not_there_is_an_oserror(s3):
    missing = Bucket(S3Storage(bucket_name="not-there", endpoint_url=s3, **KEYS), "1")
    nobody = f"http://127.0.0.1:{free_port()}"
    once = Config(retries={"total_max_attempts": 1})
    away = Bucket(S3Storage(bucket_name="pages", endpoint_url=nobody, client_config=once, **KEYS), "1")
    for bucket in (missing, away):
        for call in (
            partial(bucket.put, NAME, PAGE, 5),
            partial(bucket.remove, NAME, 5),
            partial(bucket.read, NAME),
            bucket.point,
            lambda: list(bucket.names()),  # noqa: B023
        ):
            with pytest.raises(OSError, match="does not answer as it should"):
                call()


def test_the_client_waits_shortly_and_the_project_has_the_last_word(storage):
    config = Bucket(storage, "1").objects._client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (1, 5)
    assert config.retries["total_max_attempts"] == 2
    told = S3Storage(bucket_name="pages", client_config=Config(read_timeout=9), **KEYS)
    config = Bucket(told, "1").objects._client.meta.config
    assert (config.connect_timeout, config.read_timeout) == (PATIENCE.connect_timeout, 9)
    assert told.client_config.connect_timeout != 1, "the storage itself is as it was"


def test_this_server_and_the_double_say_the_same_of_conditions(client, storage):
    """So that what is tried in every order over the double means something."""
    name = storage.bucket_name
    assert [*said(client, name)] == [*said(Memory(), name)]


def said(s3, bucket):
    """What is answered to reads and writes with a condition that holds, does not, or meets nothing."""
    put = partial(s3.put_object, Bucket=bucket, Key="a")
    delete, head, get = (
        partial(call, Bucket=bucket, Key="a") for call in (s3.delete_object, s3.head_object, s3.get_object)
    )
    for call in (head, get, partial(put, Body=b"1", IfMatch='"0"'), partial(delete, IfMatch='"0"')):
        yield code_of(call)
    yield code_of(partial(put, Body=b"1", IfNoneMatch="*"))
    first = head()["ETag"]
    yield first
    yield code_of(partial(put, Body=b"2", IfNoneMatch="*"))
    yield code_of(partial(put, Body=b"2", IfMatch=first))
    for call in (partial(put, Body=b"3", IfMatch=first), partial(delete, IfMatch=first)):
        yield code_of(call)
    found = get()
    yield found["ETag"], found["Body"].read()
    yield code_of(partial(delete, IfMatch=found["ETag"]))
    yield code_of(head)


def code_of(call):
    try:
        call()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    return "done"


def test_only_who_makes_a_bucket_needs_its_client():
    """Those of them that others use are named in settings, and imported by nobody."""
    used = {module_of(path): {name for name, _ in imports_of(path)} for path in FILES}
    foreign = {module for module, names in used.items() for name in names if name.split(".")[0] in FOREIGN}
    assert foreign == {"scaling.bucket", "scaling.bucket_objects", "scaling.bucket_storage", "scaling.asset_bucket"}
    importing = {module for module, names in used.items() if any(name.startswith(tuple(foreign)) for name in names)}
    assert importing == foreign - {"scaling.bucket_objects"}
