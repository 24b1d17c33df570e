"""Static files of all releases lie in one place: there before the first clone, and gone when nobody needs them."""

import json
import os
import re
import time
from io import StringIO
from itertools import count

import boto3
import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import CommandError, call_command
from storages.backends.s3 import S3Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

from scaling import assets
from scaling.asset_bucket import AssetBucket
from scaling.asset_folder import AssetFolder
from scaling.assets import GRACE_SECONDS, Collected, prune, releases, upload
from shop.valkeys import free_port

KEYS = {"access_key": "only", "secret_key": "for-tests", "region_name": "us-east-1"}
AGED = 2 * GRACE_SECONDS
names = (f"assets-{number}" for number in count(1))


@pytest.fixture
def client(s3):
    keys = {"aws_access_key_id": "only", "aws_secret_access_key": "for-tests", "region_name": "us-east-1"}
    return boto3.client("s3", endpoint_url=s3, **keys)


@pytest.fixture
def folder(tmp_path):
    return AssetFolder(FileSystemStorage(tmp_path / "all"))


@pytest.fixture
def bucket(s3, client):
    name = next(names)
    client.create_bucket(Bucket=name)
    return AssetBucket(S3Storage(bucket_name=name, location="shop", endpoint_url=s3, **KEYS))


@pytest.fixture(params=["folder", "bucket"])
def place(request):
    return request.getfixturevalue(request.param)


@pytest.fixture
def later(monkeypatch):
    """So many seconds have gone by."""
    now = time.time

    def passed(seconds):
        monkeypatch.setattr(assets.time, "time", lambda: now() + seconds)

    return passed


def collected(tmp_path, release, **files):
    """What collectstatic would make of such files, for that release."""
    where = tmp_path / f"release-{release}"
    storage = CompressedManifestStaticFilesStorage(where, base_url="/static/")
    where.mkdir()
    for name, content in files.items():
        (where / name.replace("_", ".")).write_text(content)
    listed = {name.replace("_", "."): (storage, name.replace("_", ".")) for name in files}
    assert all(done for _, _, done in storage.post_process(listed))
    return Collected(CompressedManifestStaticFilesStorage(where, base_url="/static/"))


def put(place, tmp_path, release, **files):
    return upload(place, release, collected(tmp_path, release, **files), lambda number, count: None)


def hashed(place):
    """The files that lie there, without the manifests and what is packed."""
    return {name for name in place.names() if not name.startswith("manifests/") and not name.endswith(".gz")}


def words(place):
    return {place.read(name).decode() for name in hashed(place)}


def test_only_names_with_a_hash_are_put_there_and_twice_does_no_harm(place, tmp_path):
    made = collected(tmp_path, "1", shop_css="body { color: red }", shop_js="let a = 1")
    wanted = made.files(place.packed)
    assert upload(place, "1", made, lambda *_: None) == (len(wanted), len(wanted))
    assert len(hashed(place)) == 2
    assert all(re.fullmatch(r"shop\.[0-9a-f]{12}\.(css|js)", name) for name in hashed(place))
    assert words(place) == {"body { color: red }", "let a = 1"}
    before = place.names()
    assert upload(place, "1", made, lambda *_: None) == (0, len(wanted))
    assert {name: before[name] for name in wanted} == {name: place.names()[name] for name in wanted}


def test_the_next_release_adds_what_is_new_and_leaves_the_old(place, tmp_path):
    put(place, tmp_path, "1", shop_css="red", logo_svg="<svg/>")
    put(place, tmp_path, "2", shop_css="blue", logo_svg="<svg/>")
    assert words(place) == {"red", "blue", "<svg/>"}
    assert set(releases(place.names())) == {"1", "2"}


def test_an_upload_that_was_cut_off_goes_on_where_it_was(place, tmp_path, monkeypatch):
    made = collected(tmp_path, "1", **{f"file{number}_js": f"let a = {number}" for number in range(6)})
    original, calls = type(place).put, []

    def dies(self, name, data):
        calls.append(name)
        if len(calls) > 3:
            raise OSError("cut off")
        original(self, name, data)

    with monkeypatch.context() as patch:
        patch.setattr(type(place), "put", dies)
        with pytest.raises(OSError, match="cut off"):
            upload(place, "1", made, lambda *_: None)
    there = len(place.names()) - 1
    sent, count = upload(place, "1", made, lambda *_: None)
    assert there > 0
    assert sent == count - there


def test_what_somebody_removes_meanwhile_is_put_there_again(place, tmp_path, monkeypatch):
    made = collected(tmp_path, "1", shop_css="red", shop_js="let a")
    names, looks = type(place).names, []

    def look(self):
        looks.append(1)
        if len(looks) == 2:
            self.delete(next(iter(made.files(()))))
        return names(self)

    monkeypatch.setattr(type(place), "names", look)
    upload(place, "1", made, lambda *_: None)
    assert words(place) == {"red", "let a"}


def test_a_file_that_the_manifest_names_and_nobody_has_is_no_upload(place, tmp_path):
    made = collected(tmp_path, "1", shop_css="red")
    next(iter(made.files(()).values())).unlink()
    with pytest.raises(FileNotFoundError):
        upload(place, "1", made, lambda *_: None)


def test_what_the_last_releases_need_stays_and_the_rest_goes(place, tmp_path, later):
    for number in range(1, 5):
        put(place, tmp_path, str(number), shop_css=f"colour {number}", same_js="always")
        _age(place, number)
    later(AGED)
    prune(place, "4", keep=2)
    assert words(place) == {"colour 3", "colour 4", "always"}
    assert [*releases(place.names())] == ["4", "3"]
    assert prune(place, "4", keep=2) == []


def test_what_was_served_until_today_stays_however_many_deploys_have_failed_since(place, tmp_path, later):
    """Given a release that has run for days, and says once more what it needs when it is left
    When six others have put their files there since, and old ones are removed
    Then pages of it that are still open find theirs."""
    put(place, tmp_path, "3", shop_css="colour 3")
    later(AGED)
    for number in range(4, 10):
        put(place, tmp_path, str(number), shop_css=f"colour {number}")
    _age_all(place, {f"manifests/{number}.json": AGED - 60 + number for number in range(3, 10)})
    prune(place, "9", keep=5)
    assert "colour 3" in words(place)


def test_what_this_release_needs_stays_also_when_it_is_an_old_one(place, tmp_path, later):
    for number in range(1, 4):
        put(place, tmp_path, str(number), shop_css=f"colour {number}")
        _age(place, number)
    later(AGED)
    prune(place, "1", keep=1)
    assert words(place) == {"colour 1", "colour 3"}


def test_what_a_release_finds_there_stays_though_it_comes_while_files_are_removed(
    place, tmp_path, later, monkeypatch
):
    """Given a file that only a release needs that will be dropped
    When the files to be removed have been looked at, and then a new release finds it in its place
    Then it stays."""
    for number in range(1, 3):
        put(place, tmp_path, str(number), shop_css=f"colour {number}")
    later(AGED)
    names, looks = type(place).names, []

    def look(self):
        seen = names(self)
        looks.append(1)
        if len(looks) == 1:
            put(self, tmp_path, "3", shop_css="colour 1")
            return seen
        newest = {name: since + AGED for name, since in seen.items() if name == "manifests/3.json"}
        return seen | newest

    monkeypatch.setattr(type(place), "names", look)
    prune(place, "2", keep=1)
    assert words(place) == {"colour 1", "colour 2"}


def test_nothing_younger_than_a_day_is_removed(place, tmp_path, later):
    for number in range(1, 4):
        put(place, tmp_path, str(number), shop_css=f"colour {number}")
    later(GRACE_SECONDS - 3600)
    assert prune(place, "3", keep=1) == []
    assert len(words(place)) == 3


def _age_all(place, seconds):
    """These were put there so many seconds from now; the others now."""
    names = place.names
    place.names = lambda: {name: since + seconds.get(name, 0) for name, since in names().items()}


def _age(place, number):
    """Two releases in one second would have no order."""
    if isinstance(place, AssetFolder):
        at = time.time() + number
        os.utime(place.root / f"manifests/{number}.json", (at, at))
        return
    seen = AssetBucket.names

    def names(self):
        found = seen(self)
        return found | {name: since + int(name[10]) for name, since in found.items() if name.startswith("manifests/")}

    place.names = names.__get__(place)


# ---------------------------------------------------------------- in a folder, in a bucket


def test_a_folder_shows_whole_files_only_that_everybody_may_read(folder, tmp_path, monkeypatch):
    put(folder, tmp_path, "1", shop_css="body { color: red }" * 50)
    names = folder.names()
    (packed,) = (name for name in names if name.endswith(".css.gz"))
    assert packed.removesuffix(".gz") in names
    assert all((folder.root / name).stat().st_mode & 0o777 == 0o644 for name in names)
    monkeypatch.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError("the disk is full")))
    with pytest.raises(OSError, match="full"):
        folder.put("new.css", b"half")
    assert folder.names() == names
    assert [*folder.root.glob(".*")] == []


def test_a_bucket_says_what_a_file_is_and_that_it_never_changes(bucket, client, tmp_path):
    put(bucket, tmp_path, "1", shop_css="red", shop_js="let a", mark_svg="<svg/>", odd_zzz="x", font_woff2="f")
    its_name = bucket.objects._bucket
    heads = {
        name.rpartition(".")[2]: client.head_object(Bucket=its_name, Key=f"shop/{name}") for name in hashed(bucket)
    }
    assert {ending: head["ContentType"] for ending, head in heads.items()} == {
        "css": "text/css; charset=utf-8",
        "js": "text/javascript; charset=utf-8",
        "svg": "image/svg+xml",
        "woff2": "font/woff2",
        "zzz": "application/octet-stream",
    }
    assert {head["CacheControl"] for head in heads.values()} == {"public, max-age=31536000, immutable"}
    assert not [name for name in bucket.names() if name.endswith(".gz")]


# ---------------------------------------------------------------- the command


def told(*words):
    out = StringIO()
    call_command("assets", *words, stdout=out)
    return out.getvalue()


@pytest.fixture
def project(settings, tmp_path):
    settings.RELEASE, settings.STATIC_ROOT = "9", tmp_path / "assets"
    files = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": tmp_path / "all"}}
    kind = {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": kind, "assets": files}
    return tmp_path


def test_the_whole_shop_is_collected_put_there_and_told_of(project):
    assert "No release" in told()
    with pytest.raises(CommandError, match=r"run manage\.py collectstatic first"):
        told("--upload")
    call_command("collectstatic", interactive=False, verbosity=0)
    first = told("--upload")
    count = int(first.split()[1])
    assert count > 20 and f"All {count} files of release 9 are in place; {count} of them were not." in first
    assert "; 0 of them were not." in told("--upload")
    assert told() == "9\n"
    manifest = json.loads((project / "all" / "manifests" / "9.json").read_text())
    assert (project / "all" / manifest["paths"]["shop.css"]).exists()
    assert not (project / "all" / "shop.css").exists()
    assert told("--prune") == "0 files were removed that no release needs.\n"


def test_without_a_place_it_says_what_to_set(settings):
    with pytest.raises(CommandError, match="set STATIC_FILES_URL"):
        told("--upload")


@pytest.mark.parametrize("keep", ["0", "-1"])
def test_one_release_at_least_is_kept(project, keep):
    with pytest.raises(CommandError, match="from 1"):
        told("--prune", "--keep", keep)


def test_a_place_that_is_away_is_said_in_one_line(project, settings):
    settings.ASSETS_STORE = "scaling.asset_bucket.AssetBucket"
    options = KEYS | {"bucket_name": "assets", "endpoint_url": f"http://127.0.0.1:{free_port()}"}
    bucket = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
    settings.STORAGES = settings.STORAGES | {"assets": bucket}
    with pytest.raises(CommandError, match="It was not finished, and may be run again: The bucket does not answer"):
        told("--prune")
