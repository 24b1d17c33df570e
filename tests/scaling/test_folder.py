"""Published pages in a folder: old or new, never torn, and never replaced by an older one."""

import gzip
import multiprocessing
import os
import signal
import time
from types import SimpleNamespace

import pytest

from scaling import folder as module
from scaling.folder import Folder

from ..servers import wait_until

PAGE = "shelves/1-bread/index.html"


@pytest.fixture
def folder(tmp_path):
    return Folder(SimpleNamespace(location=tmp_path), "r1")


def file_of(folder, name=PAGE):
    return folder.root / "r1" / f"{name}.gz"


def test_what_is_put_in_is_read(folder):
    assert folder.put(PAGE, b"<h1>Bread</h1>", 7)
    assert folder.read(PAGE) == (7, b"<h1>Bread</h1>")
    assert list(folder.names()) == [PAGE]
    assert folder.read("no/such/index.html") is None


def test_the_file_is_plain_gzip_for_whoever_serves_it(folder):
    folder.put(PAGE, "Crème brûlée".encode(), 1)
    assert gzip.decompress(file_of(folder).read_bytes()).decode() == "Crème brûlée"
    assert file_of(folder).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("number", [1, 2])
def test_an_older_page_is_refused(folder, number):
    folder.put(PAGE, b"new", 2)
    assert not folder.put(PAGE, b"old", number)
    assert folder.read(PAGE) == (2, b"new")


def test_who_comes_late_brings_no_removed_page_back(folder):
    folder.put(PAGE, b"old", 1)
    assert folder.remove(PAGE, 3)
    assert not folder.put(PAGE, b"late", 2)
    assert (folder.read(PAGE), list(folder.names())) == (None, [])
    assert folder.put(PAGE, b"there again", 4)
    assert folder.read(PAGE) == (4, b"there again")


def test_a_late_removal_is_refused(folder):
    folder.put(PAGE, b"new", 5)
    assert not folder.remove(PAGE, 4)
    assert folder.read(PAGE) == (5, b"new")


def test_a_page_that_never_was_is_remembered_as_removed(folder):
    assert folder.remove(PAGE, 3)
    assert not folder.put(PAGE, b"late", 2)


def test_the_time_of_a_file_rises_by_a_second_whenever_it_changes_and_never_else(folder):
    times = []
    for number, page in enumerate([b"a", b"b", b"b", b"c"], start=1):
        folder.put(PAGE, page, number)
        times.append(file_of(folder).stat().st_mtime)
    assert times[0] < times[1] == times[2] < times[3]
    assert all(moment == int(moment) for moment in times)


def test_the_time_goes_on_where_a_removed_page_had_it(folder):
    folder.put(PAGE, b"a", 1)
    before = file_of(folder).stat().st_mtime
    folder.remove(PAGE, 2)
    folder.put(PAGE, b"b", 3)
    assert file_of(folder).stat().st_mtime > before


def test_the_time_goes_on_where_another_release_had_it(folder, tmp_path):
    for number in range(1, 5):
        folder.put(PAGE, b"%d" % number, number)  # the time of the file runs ahead
    folder.point()
    before = file_of(folder).stat().st_mtime
    other = Folder(SimpleNamespace(location=tmp_path), "r2")
    other.put(PAGE, b"5", 1)
    assert (tmp_path / "r2" / f"{PAGE}.gz").stat().st_mtime > before


def test_the_time_goes_on_where_a_dropped_release_had_it(folder):
    for number in range(1, 5):
        folder.put(PAGE, b"%d" % number, number)
    before = file_of(folder).stat().st_mtime
    folder.drop("r1")
    folder.tidy(time.time() + 60)
    folder.put(PAGE, b"5", 1)
    assert file_of(folder).stat().st_mtime > before


def test_the_same_page_with_another_number_is_the_same_to_a_proxy(folder):
    folder.put(PAGE, b"same", 1)
    before = file_of(folder).stat()
    folder.put(PAGE, b"same", 2)
    after = file_of(folder).stat()
    assert (before.st_mtime, before.st_size) == (after.st_mtime, after.st_size)
    assert folder.read(PAGE) == (2, b"same")


def test_each_release_has_pages_of_its_own_and_one_is_served(folder, tmp_path):
    other = Folder(SimpleNamespace(location=tmp_path), "r2")
    folder.put(PAGE, b"one", 1)
    other.put(PAGE, b"two", 1)
    assert (folder.pointed(), folder.served(PAGE)) == ("", None)
    folder.point()
    assert gzip.decompress(other.served(PAGE).data) == b"one"
    other.point()
    assert folder.pointed() == "r2"
    assert gzip.decompress(folder.served(PAGE).data) == b"two"
    other.drop("r1")
    assert folder.releases() == {"r2"}
    assert folder.read(PAGE) is None
    assert folder.put(PAGE, b"one again", 1), "a release begins afresh"


def test_what_was_removed_or_left_behind_long_ago_is_forgotten(folder):
    folder.remove(PAGE, 3)
    (folder.work / "of-one-who-was-killed").touch()
    folder.tidy(time.time() - 60)
    assert not folder.put(PAGE, b"late", 2)
    assert (folder.work / "of-one-who-was-killed").exists()
    folder.tidy(time.time() + 60)
    assert not (folder.work / "of-one-who-was-killed").exists()
    assert folder.put(PAGE, b"very late", 2)


def test_nothing_is_left_beside(folder):
    folder.put(PAGE, b"a", 1)
    assert [file.name for file in folder.work.iterdir() if not file.name.startswith("lock-")] == []


def test_a_write_that_fails_leaves_the_old_page_and_nothing_else(folder, monkeypatch):
    folder.put(PAGE, b"old", 1)
    monkeypatch.setattr(module.os, "replace", lambda *_: (_ for _ in ()).throw(OSError("no space left")))
    with pytest.raises(OSError):
        folder.put(PAGE, b"new", 2)
    assert folder.read(PAGE) == (1, b"old")
    assert [file.name for file in folder.work.iterdir() if not file.name.startswith("lock-")] == []


def test_who_holds_the_lock_for_long_is_not_waited_for_for_ever(folder, monkeypatch):
    monkeypatch.setattr(module, "LOCKED_SECONDS", 0.05)
    with folder._locked(PAGE), pytest.raises(TimeoutError, match="lock-"):
        folder.put(PAGE, b"new", 1)


def put_for_ever(location, seed):
    mine = Folder(SimpleNamespace(location=location), "r1")
    number = seed
    while True:
        number += 2
        mine.put(PAGE, b"%d " % number * 4_000, number)


def test_publishers_that_are_killed_leave_whole_pages_that_never_go_back(folder, tmp_path):
    """Given two processes that publish the same page as fast as they can
    When each is killed and begun anew, again and again
    Then every reader gets a whole page, whose number never falls."""
    numbers = [0]

    def has_risen(start):
        number, page = folder.read(PAGE) or (0, b"")
        assert number >= numbers[-1]
        assert page == b"%d " % number * 4_000 or not number
        numbers.append(number)
        return number > start + 20

    context = multiprocessing.get_context("spawn")
    for start in range(1_000_000, 7_000_000, 1_000_000):
        publishers = [context.Process(target=put_for_ever, args=(tmp_path, start + i)) for i in range(2)]
        for publisher in publishers:
            publisher.start()
        wait_until(lambda start=start: has_risen(start), seconds=120, what="a newer page")
        for publisher in publishers:
            os.kill(publisher.pid, signal.SIGKILL)
            publisher.join()
    assert folder.put(PAGE, b"the last", 99_000_000), "no lock is left behind"
