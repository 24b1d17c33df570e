"""Static files and pictures from the disk, and the names that never go out."""

import re
from pathlib import PurePosixPath

import pytest
from django.contrib.staticfiles import finders

from shop.valkeys import COMPOSE

from .standin import GZIP

HASHED = "static/shop.0123456789ab.css"
FOR_GOOD = "public, max-age=31536000, immutable"
SECRET = b"for nobody"


def test_a_hashed_file_is_kept_for_good_and_another_for_an_hour(house):
    house.lay(HASHED, b"a{}")
    house.lay("static/shop.css", b"b{}")
    hashed, plain = house.ask(f"/{HASHED}"), house.ask("/static/shop.css")
    assert (hashed.body, hashed.headers["Cache-Control"]) == (b"a{}", FOR_GOOD)
    assert (plain.body, plain.headers["Cache-Control"]) == (b"b{}", "public, max-age=3600")
    assert hashed.headers["Content-Type"] == "text/css; charset=utf-8"
    assert hashed.headers["X-Content-Type-Options"] == "nosniff"
    assert house.asked() == []


def test_a_file_that_lies_there_packed_as_well_goes_out_packed_to_who_can_unpack(house):
    house.lay(HASHED, b"plain")
    house.lay(f"{HASHED}.gz", b"packed")
    for headers, body in (({}, b"plain"), (GZIP, b"packed")):
        answer = house.ask(f"/{HASHED}", **headers)
        assert (answer.body, answer.headers["Vary"]) == (body, "Accept-Encoding")
        assert answer.headers["Content-Encoding"] == ("gzip" if headers else None)


def test_every_static_file_of_the_shop_has_a_type():
    told = (COMPOSE / "proxy/nginx.conf").read_text()
    types = told[told.index("location /static/") :]
    known = set(re.search(r"types \{(.*?)\}", types, re.DOTALL)[1].replace(";", " ").split())
    names = [name for finder in finders.get_finders() for name, _ in finder.list([])]
    suffixes = {PurePosixPath(name).suffix.removeprefix(".") for name in names} - {""}
    assert "css" in suffixes
    assert suffixes <= known


@pytest.mark.parametrize("path", ["/static/missing.css", "/static/", "/static/admin", "/static/admin/"])
def test_what_is_no_static_file_is_asked_of_a_clone(house, path):
    house.lay("static/admin/base.css", b"")
    assert house.is_live(house.ask(path))
    assert [each.path for each in house.asked()] == [path]


def test_a_picture_is_kept_for_good_and_taken_for_nothing_else(house):
    house.lay("media/products/rye-3fa9c1-400.webp", b"RIFF")
    house.lay("media/products/rye-3fa9c1-400.webp.gz", SECRET)
    answer = house.ask("/media/products/rye-3fa9c1-400.webp", **GZIP)
    assert (answer.body, answer.headers["Content-Type"]) == (b"RIFF", "image/webp")
    assert answer.headers["Cache-Control"] == FOR_GOOD
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert house.asked() == []


@pytest.mark.parametrize("name", ["media/page.html", "media/drawing.svg", "media/rye.webp.html", "media/rye.WEBP"])
def test_whatever_else_lies_among_the_pictures_is_a_clones_to_judge(house, name):
    house.lay(name, SECRET)
    assert house.is_live(house.ask(f"/{name}"))


def test_a_picture_that_is_not_there_is_asked_of_a_clone(house):
    assert house.is_live(house.ask("/media/products/none-400.webp"))


NEVER = (
    "/.env",
    "/.git/config",
    "/static/.hidden.css",
    "/static/.git/config",
    "/media/.hidden.webp",
    "/media/.tmp/rye.webp",
    "/.work/lock",
    f"/{HASHED}.gz",
    f"/{HASHED}.br",
)


@pytest.mark.parametrize("path", NEVER)
def test_names_that_begin_with_a_dot_and_packed_halves_are_not_there(house, path):
    for folder in (house.folder / "published/r1", house.folder):
        target = folder / path.removeprefix("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(SECRET)
    answer = house.ask(path)
    assert (answer.status, answer.text) == (404, "nothing in this bag")
    assert answer.headers["Cache-Control"] == "no-store"
    assert house.asked() == []


def test_what_is_well_known_is_asked_of_a_clone(house):
    assert house.is_live(house.ask("/.well-known/change-password"))


@pytest.mark.parametrize("path", ["/.resting", "/.resting.json", "/.missing"])
def test_our_own_names_are_nobodys(house, path):
    assert house.ask(path).status == 404
    assert house.asked() == []


CLIMBS = (
    "/../secret.webp",
    "/static/../secret.webp",
    "/static/%2e%2e/secret.webp",
    "/static/..%2fsecret.webp",
    "/static/%252e%252e/secret.webp",
    "/static/..\\secret.webp",
    "/media/../secret.webp",
    "/media/..%2fsecret.webp",
    "/media/%2e%2e%2fsecret.webp",
    "/media/a/..%2f..%2fsecret.webp",
    "/shelves/..%2f..%2f..%2fsecret.webp",
    "/media/secret.webp%00.webp",
    "/static../secret.webp",
    "/media../secret.webp",
)


@pytest.mark.parametrize("path", CLIMBS)
def test_nothing_outside_of_the_folders_is_reached(house, path):
    for folder in ("", "published", "published/r1"):
        house.lay(f"{folder}/secret.webp", SECRET)
    answer = house.ask(path)
    assert answer.status in (400, 404) or house.is_live(answer)
    assert SECRET not in answer.body
