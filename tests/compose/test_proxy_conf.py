"""What a proxy in a container is told is what one on this machine is told."""

import subprocess
from io import StringIO

import pytest
from django.core.management import call_command

from shop.nginx import missing
from shop.nginx_files import Proxy
from tests.proxy.standin import House
from tests.servers import lacking, need


def test_the_proxy_serves_from_where_this_release_writes(tmp_path, settings):
    settings.SECURE_SSL_REDIRECT = True
    shared = tmp_path / "shared"
    kinds = {"published": "published", "assets": "static", "default": "media"}
    for name, folder in kinds.items():
        here = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": shared / folder}}
        settings.STORAGES = settings.STORAGES | {name: here}
    told = _write(tmp_path / "told")
    (tmp_path / "known").mkdir()
    folders = [shared / folder for folder in kinds.values()]
    Proxy("0.0.0.0:8080", ("localhost:8000",), *folders, scheme="https").write(tmp_path / "known")
    known = {path.name: path.read_text() for path in (tmp_path / "known").iterdir()}
    assert told == known | {"front.conf": ""}


def test_what_lies_in_a_bucket_is_asked_of_the_clones(tmp_path, settings):
    bucket = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "pages"}}
    settings.STORAGES = settings.STORAGES | {"published": bucket}
    assert 'root "/nonexistent/current"' in _write(tmp_path / "told")["nginx.conf"]


def test_nginx_takes_it_and_writes_beside_itself_alone(tmp_path):
    nginx = need("nginx")
    _write(tmp_path / "told", trust="10.0.0.0/8,192.168.1.1")
    beside = tmp_path / "run"
    beside.mkdir()
    done = subprocess.run(
        [nginx, "-t", "-p", beside, "-c", tmp_path / "told" / "nginx.conf", "-e", "stderr"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "told").iterdir()) == ["front.conf", "headers.conf", "nginx.conf"]


@pytest.mark.parametrize(("trusted", "seen"), [(["127.0.0.0/8"], "203.0.113.9"), (["10.0.0.0/8"], "127.0.0.1")])
def test_who_ends_tls_in_front_is_believed_and_nobody_else(tmp_path, trusted, seen):
    if reason := missing():
        lacking(reason)
    house = House(tmp_path / "house")
    try:
        house.furnish()
        house.proxy.trusted = tuple(trusted)
        house.proxy.start()
        house.ask("/account/", X_Forwarded_For="192.0.2.1, 203.0.113.9")
        (asked,) = house.asked()
        assert asked.headers.get_all("X-Forwarded-For") == [seen]
    finally:
        house.close()


def test_a_network_that_is_none_is_refused(tmp_path):
    with pytest.raises(ValueError, match="everybody"):
        _write(tmp_path / "told", trust="everybody")


def _write(folder, trust=""):
    call_command("proxy_conf", "localhost:8000", to=folder, listen="0.0.0.0:8080", trust=trust, stdout=StringIO())
    return {path.name: path.read_text() for path in folder.iterdir()}
