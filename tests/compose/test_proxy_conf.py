"""What a proxy in a container is told is what one on this machine is told."""

import subprocess
from io import StringIO

from django.core.management import call_command

from shop.nginx_files import Proxy
from tests.servers import need


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
    assert told == known


def test_what_lies_in_a_bucket_is_asked_of_the_clones(tmp_path, settings):
    bucket = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": "pages"}}
    settings.STORAGES = settings.STORAGES | {"published": bucket}
    assert 'root "/nonexistent/current"' in _write(tmp_path / "told")["nginx.conf"]


def test_nginx_takes_it_and_writes_beside_itself_alone(tmp_path):
    nginx = need("nginx")
    _write(tmp_path / "told")
    beside = tmp_path / "run"
    beside.mkdir()
    done = subprocess.run(
        [nginx, "-t", "-p", beside, "-c", tmp_path / "told" / "nginx.conf", "-e", "stderr"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "told").iterdir()) == ["headers.conf", "nginx.conf"]


def _write(folder):
    call_command("proxy_conf", "localhost:8000", to=folder, listen="0.0.0.0:8080", stdout=StringIO())
    return {path.name: path.read_text() for path in folder.iterdir()}
