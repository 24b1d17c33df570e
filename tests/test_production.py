"""Production says what it needs, and does not start without."""

import os
import re
import shutil
import subprocess
import sys
from ast import literal_eval

import pytest
from django.conf import settings

from shop.mariadb import missing

from .servers import lacking

WHOLE = {
    "SECRET_KEY": "a-key-of-fifty-characters-that-nobody-else-has-at-all-0123",
    "RELEASE": "1",
    "ALLOWED_HOSTS": "bakery.example",
    "SITE_URL": "https://bakery.example",
    "DATABASE_URL": "mysql://shop:secret@127.0.0.1:3306/shop",
    "CACHE_URL": "redis://127.0.0.1:6379/0",
    "KEEP_URL": "redis://127.0.0.1:6380/0",
    "BROKER_URL": "amqp://127.0.0.1:5672//",
    "FILES_URL": "file:///srv/bakery%20files",
}

BUCKET = "s3://files/shop?endpoint=https://s3.example&region=eu-west-2"
OF_STATIC_FILES = {"scaling.E025", "scaling.E026", "scaling.E027"}  # they are not collected here
FOLDERS = {"pictures_private": "private", "published": "published", "assets": "static"}
PLACES = (
    "{name: o | {'location': str(o['location'])} for name, each in s.STORAGES.items() if (o := each.get('OPTIONS'))}"
)


def start(told="s.SESSION_COOKIE_SECURE, s.DEBUG", folder=settings.ROOT, **changes):
    """Read the settings in a process of their own and print some; an empty value is one that is not said."""
    plain = {"PATH": os.environ["PATH"], "STATE_DIR": str(settings.STATE)}
    command = [sys.executable, "-c", f"import settings.production as s; print({told})"]
    env = plain | WHOLE | changes
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


def test_it_starts_when_everything_is_said():
    done = start()
    assert done.stdout == "True False\n", done.stderr


def test_it_names_all_that_is_missing():
    done = start(SECRET_KEY="", KEEP_URL="")
    assert done.returncode != 0
    assert "Production needs these in the environment: SECRET_KEY, KEEP_URL." in done.stderr


def test_code_that_was_unpacked_says_which_release_it_is(tmp_path):
    """Given code with the file RELEASE in its root
    Then that is the release, unless the environment knows better, and without either there is no start."""
    (tmp_path / "scaling").symlink_to(settings.ROOT / "scaling")
    shutil.copytree(settings.ROOT / "settings", tmp_path / "settings")
    assert "needs RELEASE" in start(RELEASE="", folder=tmp_path).stderr
    (tmp_path / "RELEASE").write_text("2026-11-28\n")
    assert start("s.RELEASE", RELEASE="", folder=tmp_path).stdout == "2026-11-28\n"
    assert start("s.RELEASE", RELEASE="3", folder=tmp_path).stdout == "3\n"


def test_without_tls_nothing_asks_for_it():
    told = "(s.SECURE_SSL_REDIRECT, s.SECURE_HSTS_SECONDS, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)"
    proxy = f"({told}, s.SECURE_PROXY_SSL_HEADER)"
    assert literal_eval(start(proxy, TLS="false").stdout) == ((False, 0, False, False), None)
    year = 365 * 24 * 3600
    assert literal_eval(start(proxy).stdout) == ((True, year, True, True), ("HTTP_X_FORWARDED_PROTO", "https"))


def test_a_shared_folder_holds_whatever_has_no_place_of_its_own():
    placed = literal_eval(start(PLACES).stdout)
    where = "/srv/bakery files"
    assert {name: options["location"] for name, options in placed.items()} == {
        name: f"{where}/{folder}" for name, folder in FOLDERS.items()
    }
    told = "[str(s.MEDIA_ROOT), s.MEDIA_URL, s.STATIC_URL, s.STATIC_ROOT == s.ROOT / 'assets', s.SHARED_FOLDERS]"
    told = told.replace("s.SHARED_FOLDERS", "[str(folder) for folder in s.SHARED_FOLDERS]")
    assert literal_eval(start(told).stdout) == [f"{where}/media", "/media/", "/static/", True, [where]]


def test_a_bucket_holds_pictures_and_writes_over_none_of_them():
    placed = literal_eval(start(PLACES, FILES_URL=BUCKET, PUBLISHED_URL="file:///srv/pages").stdout)
    assert placed["default"]["location"] == "shop/media"
    assert placed["default"]["base_url"] == "https://s3.example/files/shop/media/"
    assert placed["default"]["object_parameters"] == {"CacheControl": "public, max-age=31536000, immutable"}
    private = placed["pictures_private"]
    assert (private["location"], private["querystring_expire"]) == ("shop/private", 60)
    assert "base_url" not in private
    assert not any(placed[name]["file_overwrite"] for name in ("default", "pictures_private"))
    assert placed["published"]["location"] == "/srv/pages"
    assert "assets" not in placed


def test_browsers_may_fetch_from_where_the_files_are():
    told = "(s.MEDIA_URL, s.STATIC_URL, s.CONTENT_SECURITY_POLICY['DIRECTIVES'])"
    where = {"FILES_URL": "s3://files?region=eu-west-2", "STATIC_FILES_URL": "s3://assets/shop?region=eu-west-2"}
    media, static, policy = literal_eval(start(told, **where).stdout)
    pictures, assets = "https://files.s3.eu-west-2.amazonaws.com", "https://assets.s3.eu-west-2.amazonaws.com"
    assert (media, static) == (f"{pictures}/media/", f"{assets}/shop/")
    assert policy["default-src"] == ["'self'", assets]
    assert policy["img-src"] == ["'self'", "data:", "blob:", assets, pictures]
    cdn = {"MEDIA_URL": "https://cdn.example/media/", "STATIC_URL": "https://cdn.example/static/"}
    media, static, policy = literal_eval(start(told, **where, **cdn).stdout)
    assert (media, static) == (cdn["MEDIA_URL"], cdn["STATIC_URL"])
    assert policy["default-src"] == ["'self'", "https://cdn.example"]
    assert policy["img-src"][3:] == ["https://cdn.example", pictures]


@pytest.mark.parametrize("url", ["/srv/files", "http://files", "file://server/files", "file:///", "s3:///files"])
def test_what_is_no_place_for_files_is_refused(url):
    assert f"'{url}' is neither file:///folder nor s3://bucket/folder." in start(FILES_URL=url).stderr


def test_sessions_and_cache_must_not_share_a_server():
    assert "two servers" in start(KEEP_URL=WHOLE["CACHE_URL"]).stderr


def test_pages_are_published_to_a_folder_unless_a_bucket_is_named():
    told = "(s.STORAGES['published']['BACKEND'], s.PUBLISHED_STORE, s.PUBLISHED_PURGE)"
    assert literal_eval(start(told).stdout) == (
        "django.core.files.storage.FileSystemStorage",
        "scaling.folder.Folder",
        "",
    )
    url = "s3://pages/shop?endpoint=http://127.0.0.1:9000&region=eu-west-2&bucket_name=else"
    where = {"PUBLISHED_URL": url, "CDN_PURGE_URL": "http://varnish:6081"}
    assert literal_eval(start(told, **where).stdout) == (
        "storages.backends.s3.S3Storage",
        "scaling.bucket.Bucket",
        "scaling.purging.http_purge",
    )
    assert literal_eval(start("s.STORAGES['published']['OPTIONS']", **where).stdout) == {
        "bucket_name": "pages",
        "location": "shop",
        "endpoint_url": "http://127.0.0.1:9000",
        "region_name": "eu-west-2",
        "file_overwrite": False,
    }


def test_machines_inside_the_network_are_answered_without_https_and_nobody_else(client, settings):
    settings.SECURE_REDIRECT_EXEMPT = literal_eval(start("s.SECURE_REDIRECT_EXEMPT").stdout)
    settings.SECURE_SSL_REDIRECT, settings.METRICS_TOKEN = True, "sesame"
    assert [client.get(path).status_code for path in ("/livez", "/metrics", "/metrics/", "/account/")] == [
        200,
        401,
        301,
        301,
    ]


def test_what_is_copied_shows_no_xray():
    assert "XRAY=false" in (settings.ROOT / ".env.example").read_text().splitlines()


@pytest.fixture
def refused(tmp_path):
    """What the checks of a clone have against such settings, in a process of their own."""
    if reason := missing():
        lacking(reason)
    plain = {"PATH": os.environ["PATH"], "STATE_DIR": str(settings.STATE), "FILES_URL": tmp_path.as_uri()}

    def run(**changes):
        env = WHOLE | plain | {"DJANGO_SETTINGS_MODULE": "settings.production"} | changes
        command = [sys.executable, "manage.py", "check", "--deploy", "--tag", "clones"]
        done = subprocess.run(command, cwd=settings.ROOT, env=env, capture_output=True, text=True, check=False)
        assert "scaling.E" in done.stderr, done.stderr
        return set(re.findall(r"scaling\.E\d+", done.stderr)) - OF_STATIC_FILES

    return run


def test_what_would_make_a_server_more_than_a_clone_is_refused(refused, tmp_path):
    """Given a production that says everything it needs
    When not every clone has the folder that holds the files, or cookies would go abroad without TLS
    Then the checks that a web process runs before it accepts refuse that, and only that."""
    assert literal_eval(start("s.CHECKS_AT_START").stdout) == ["clones"]
    assert refused() == set()
    assert refused(TLS="false") == {"scaling.E023"}
    assert refused(TLS="false", ALLOWED_HOSTS="127.0.0.1") == set()
    assert refused(FILES_URL=(tmp_path / "gone").as_uri()) == {"scaling.E017"}
    bucket = {"FILES_URL": BUCKET, "AWS_ACCESS_KEY_ID": "only", "AWS_SECRET_ACCESS_KEY": "for-tests"}
    assert refused(**bucket) == {"scaling.E015"}
    assert refused(**bucket, PUBLISHED_URL=BUCKET) == set()
