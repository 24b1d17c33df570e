"""Production says what it needs, and does not start without."""

import os
import subprocess
import sys
from ast import literal_eval

from django.conf import settings

WHOLE = {
    "SECRET_KEY": "a-key-of-fifty-characters-that-nobody-else-has-at-all-0123",
    "RELEASE": "1",
    "ALLOWED_HOSTS": "bakery.example",
    "SITE_URL": "https://bakery.example",
    "DATABASE_URL": "mysql://shop:secret@127.0.0.1:3306/shop",
    "CACHE_URL": "redis://127.0.0.1:6379/0",
    "KEEP_URL": "redis://127.0.0.1:6380/0",
    "BROKER_URL": "amqp://127.0.0.1:5672//",
}


def start(told="s.SESSION_COOKIE_SECURE, s.DEBUG", **changes):
    """Read the settings in a process of their own and print some; an empty value is one that is not said."""
    plain = {"PATH": os.environ["PATH"], "STATE_DIR": str(settings.STATE)}
    command = [sys.executable, "-c", f"import settings.production as s; print({told})"]
    env = plain | WHOLE | changes
    return subprocess.run(command, cwd=settings.ROOT, env=env, capture_output=True, text=True, check=False)


def test_it_starts_when_everything_is_said():
    done = start()
    assert done.stdout == "True False\n", done.stderr


def test_it_names_all_that_is_missing():
    done = start(SECRET_KEY="", KEEP_URL="")
    assert done.returncode != 0
    assert "Production needs these in the environment: SECRET_KEY, KEEP_URL." in done.stderr


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
