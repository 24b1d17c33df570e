"""`manage.py check --deploy` refuses what would make a server more than a clone, and `check` alone does not."""

import json
import os

import pytest
from django.conf import settings as project
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError

from scaling.clone_checks import CLONES

KEY = "nobody-else-has-this-key-of-fifty-signs-0123456789-abc"
FILES = "django.core.files.storage.FileSystemStorage"
LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
STATIC = "django.contrib.staticfiles.storage.ManifestStaticFilesStorage"


@pytest.fixture(autouse=True)
def a_clone(settings, tmp_path, monkeypatch):
    """All is well: a server like any other."""
    monkeypatch.setenv("SECRET_KEY", KEY)
    settings.SECRET_KEY, settings.RELEASE, settings.DEBUG = KEY, "1", False
    settings.ALLOWED_HOSTS = ["bakery.example"]
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    settings.SHARED_FOLDERS = [tmp_path / "shared"]
    monkeypatch.setattr(project, "DATABASES", {"default": {"ENGINE": "django.db.backends.mysql"}})
    settings.REPLICAS = []
    (tmp_path / "shared").mkdir()
    settings.STATIC_ROOT = tmp_path / "assets"
    settings.STATIC_ROOT.mkdir()
    (settings.STATIC_ROOT / "staticfiles.json").write_text('{"paths": {}, "version": "1.1", "hash": ""}')
    place(settings, "default", "shared/media")
    place(settings, "pictures_private", "shared/private")
    place(settings, "published", "shared/published")
    place(settings, "assets", "shared/static")
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": STATIC}}
    manifests = tmp_path / "shared" / "static" / "manifests"
    manifests.mkdir(parents=True)
    (manifests / "1.json").write_text("{}")


def place(settings, alias, folder):
    options = {"location": settings.STATIC_ROOT.parent / folder, "base_url": None}
    settings.STORAGES = settings.STORAGES | {alias: {"BACKEND": FILES, "OPTIONS": options}}


def found():
    return {message.id: message for message in run_checks(tags=[CLONES], include_deployment_checks=True)}


def refused(id, said):
    """That, and nothing else, with what to do."""
    message = found().pop(id)
    assert message.is_serious()
    assert said in message.msg
    assert message.hint
    assert [each for each in found() if each != id] == []
    return message


def test_a_clone_is_let_be():
    assert found() == {}


def test_none_of_it_is_asked_of_one_machine(settings):
    settings.SECRET_KEY, settings.RELEASE, settings.ALLOWED_HOSTS, settings.SHARED_FOLDERS = "short", "", ["*"], []
    call_command("check")
    with pytest.raises(SystemCheckError, match=r"(?s)scaling\.E015.*scaling\.E018.*scaling\.E020.*scaling\.E022"):
        call_command("check", deploy=True, tags=[CLONES])


# ---------------------------------------------------------------- sessions, caches, databases


def test_sessions_in_files_are_refused(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.file"
    refused("scaling.E011", "files of one clone")


@pytest.mark.parametrize("engine", ["django.contrib.sessions.backends.cache", "scaling.sessions"])
def test_sessions_in_the_memory_of_a_process_are_refused(settings, engine):
    settings.SESSION_ENGINE, settings.SESSION_CACHE_ALIAS = engine, "mine"
    settings.CACHES = settings.CACHES | {"mine": {"BACKEND": LOCMEM}}
    messages = found()
    assert "CACHES['mine'], which every clone has for itself" in messages["scaling.E011"].msg
    assert messages.keys() == {"scaling.E011", "scaling.E012"}


@pytest.mark.parametrize(
    ("engine", "id", "said"),
    [
        ("signed_cookies", "scaling.W003", "stays signed in after its owner has signed out"),
        ("db", "scaling.W004", "a read of the primary for every page"),
        ("cached_db", "scaling.W004", "a read of the primary"),
    ],
)
def test_sessions_that_only_cost_something_are_warned_of(settings, engine, id, said):
    settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{engine}"
    (message,) = found().values()
    assert (message.id, message.is_serious()) == (id, False)
    assert said in message.msg


def test_where_there_are_no_sessions_and_no_static_files_nothing_is_said_of_them(settings):
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.file"
    settings.MIDDLEWARE = []
    settings.STATIC_ROOT.joinpath("staticfiles.json").unlink()
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "django.contrib.staticfiles"]
    assert found() == {}


@pytest.mark.parametrize("kind", ["locmem.LocMemCache", "filebased.FileBasedCache", "dummy.DummyCache"])
def test_a_cache_of_one_clone_is_refused_whatever_it_is_called(settings, kind):
    settings.CACHES = settings.CACHES | {"extra": {"BACKEND": f"django.core.cache.backends.{kind}", "LOCATION": "x"}}
    refused("scaling.E012", "CACHES['extra'] belongs to one clone")


def test_a_database_in_a_file_is_refused(monkeypatch):
    more = {"more": {"ENGINE": "django.db.backends.sqlite3", "NAME": "more"}}
    monkeypatch.setattr(project, "DATABASES", project.DATABASES | more)
    refused("scaling.E013", "DATABASES['more']")


# ---------------------------------------------------------------- files


def test_a_shared_folder_may_be_written_in_any_way(settings, tmp_path):
    settings.SHARED_FOLDERS = [f"{tmp_path}/./shared/../shared/"]
    assert found() == {}


@pytest.mark.parametrize("alias", ["default", "pictures_private", "published", "assets", "extra"])
def test_a_folder_that_nobody_says_is_shared_is_refused(settings, alias):
    settings.PUBLISH = "all"
    place(settings, alias, "own/files")
    messages = found()
    assert (
        f"STORAGES['{alias}'] is the folder {settings.STATIC_ROOT.parent}/own/files" in messages["scaling.E015"].msg
    )
    assert messages.keys() - {"scaling.E027"} == {"scaling.E015"}


def test_a_folder_beside_a_shared_one_that_begins_like_it_is_no_part_of_it(settings):
    place(settings, "default", "shared-not/media")
    refused("scaling.E015", "shared-not/media")


def test_the_folder_of_pages_does_not_matter_where_none_are_published(settings):
    place(settings, "published", "own/published")
    settings.PUBLISH = "off"
    assert found() == {}


def test_files_in_the_memory_of_a_process_are_refused(settings):
    memory = {"BACKEND": "django.core.files.storage.InMemoryStorage"}
    settings.STORAGES = settings.STORAGES | {"default": memory}
    refused("scaling.E015", "the memory of one process")


def test_a_shared_folder_that_is_not_mounted_is_refused(settings, tmp_path):
    settings.SHARED_FOLDERS = [*settings.SHARED_FOLDERS, tmp_path / "not-mounted"]
    refused("scaling.E017", "not-mounted, and it is not there")


@pytest.mark.parametrize(("options", "ids"), [({}, ["scaling.E016"]), ({"file_overwrite": False}, [])])
def test_a_bucket_where_one_person_writes_over_anothers_file_is_refused(settings, options, ids):
    bucket = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "files"} | options}
    settings.STORAGES = settings.STORAGES | {"default": bucket}
    assert [*found()] == ids


def test_a_bucket_of_our_own_kind_never_does(settings):
    bucket = {"BACKEND": "scaling.bucket_storage.BucketStorage", "OPTIONS": {"bucket_name": "files"}}
    settings.STORAGES = settings.STORAGES | {"default": bucket}
    assert found() == {}


def test_a_storage_that_cannot_be_had_is_named(settings):
    settings.STORAGES = settings.STORAGES | {"default": {"BACKEND": "no.such.Storage"}}
    refused("scaling.E014", "STORAGES['default'] cannot be had")


# ---------------------------------------------------------------- static files


def test_static_files_without_hashes_are_refused(settings):
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    refused("scaling.E024", "names without the hash")


def test_a_release_whose_static_files_were_not_collected_is_refused(settings):
    (settings.STATIC_ROOT / "staticfiles.json").unlink()
    refused("scaling.E025", "no manifest")


def test_static_files_that_only_one_clone_has_are_refused(settings):
    settings.STORAGES = {alias: value for alias, value in settings.STORAGES.items() if alias != "assets"}
    refused("scaling.E026", f"Static files are in {settings.STATIC_ROOT} alone")


def test_a_release_whose_static_files_are_not_yet_in_place_is_refused(settings):
    settings.RELEASE = "2"
    refused("scaling.E027", "of release 2 are not in the place")


def test_one_whose_upload_was_cut_off_is_refused_until_it_has_ended(settings, tmp_path):
    named = {"paths": {"shop.css": "shop.0123456789ab.css"}, "version": "1.1", "hash": ""}
    (settings.STATIC_ROOT / "staticfiles.json").write_text(json.dumps(named))
    refused("scaling.E027", "of release 1 are not in the place")
    (tmp_path / "shared" / "static" / "shop.0123456789ab.css").touch()
    assert found() == {}


def test_with_that_place_away_clones_start_all_the_same(settings, monkeypatch):
    settings.RELEASE = "2"
    monkeypatch.setattr("scaling.asset_folder.AssetFolder.names", lambda self: (_ for _ in ()).throw(OSError("away")))
    assert found() == {}


# ---------------------------------------------------------------- what is the same everywhere, and safe


@pytest.mark.parametrize("key", ["", "short", "a" * 60, "abcd" * 15, f"django-insecure-{KEY}", f"Insecure-{KEY}"])
def test_a_key_that_others_can_guess_is_refused(settings, monkeypatch, key):
    monkeypatch.setenv("SECRET_KEY", key)
    settings.SECRET_KEY = key
    refused("scaling.E018", "SECRET_KEY is empty, short")


def test_a_key_that_was_made_at_start_is_refused(settings):
    settings.SECRET_KEY = f"{os.urandom(40).hex()}"
    refused("scaling.E019", "another one on each clone")


def test_a_clone_that_does_not_know_its_release_is_refused(settings):
    settings.RELEASE = ""
    assert "scaling.E020" in found()


def test_debugging_is_refused(settings):
    settings.DEBUG = True
    refused("scaling.E021", "DEBUG is on")


@pytest.mark.parametrize(("hosts", "said"), [(["bakery.example", "*"], "any host"), ([], "empty")])
def test_hosts_have_to_be_named(settings, hosts, said):
    settings.ALLOWED_HOSTS = hosts
    refused("scaling.E022", said)


@pytest.mark.parametrize("host", ["bakery.example", ".bakery.example", "10.0.0.1", "0.0.0.0", "localhost.example"])
@pytest.mark.parametrize("cookie", ["SESSION_COOKIE_SECURE", "CSRF_COOKIE_SECURE"])
def test_without_tls_nobody_but_this_machine_is_answered(settings, host, cookie):
    settings.ALLOWED_HOSTS = ["localhost", host]
    setattr(settings, cookie, False)
    refused("scaling.E023", f"'{host}' is not this machine")


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.0.0.2", "[::1]", "shop.localhost"])
def test_this_machine_may_do_without_tls(settings, host):
    settings.ALLOWED_HOSTS, settings.SESSION_COOKIE_SECURE, settings.CSRF_COOKIE_SECURE = [host], False, False
    assert found() == {}
