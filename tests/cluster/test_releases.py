"""A release lies there as a whole or not at all, under a name that nobody has used before."""

import shutil

import pytest

from cluster import history, packages, patience, releases
from cluster.errors import ClusterError
from cluster.releases import install

from ..servers import wait_until


@pytest.fixture
def code(tmp_path, monkeypatch):
    """A small tree without a history, in the place of the checkout."""
    tree = tmp_path / "code"
    tree.mkdir()
    for name in ("manage.py", *packages.REQUIREMENTS):
        (tree / name).write_text("django\n")
    for name in (".venv", ".state", ".git"):
        (tree / name).mkdir()
    monkeypatch.setattr(releases, "CODE", tree)
    return tree


@pytest.fixture
def made(monkeypatch):
    """Which virtual environments have been made, in no time."""
    venvs = []

    def make(venv, requirements):
        venvs.append(venv)
        venv.mkdir(exist_ok=True)
        (venv / packages.WHOLE).touch()

    monkeypatch.delenv("CLUSTER_VENV", raising=False)
    monkeypatch.setattr(packages, "_make", make)
    return venvs


def quiet(line):
    pass


def test_a_release_is_the_code_with_its_name_and_its_packages(where, code, made):
    release = install(where, "2026-11.1", quiet)
    assert release == where.releases / "2026-11.1"
    assert (release / "RELEASE").read_text() == "2026-11.1\n"
    assert (release / "manage.py").exists()
    assert (release / ".venv").resolve() == made[0]
    assert not (release / ".state").exists()


def test_a_checkout_gives_what_is_committed(where, made):
    if not releases.has_history():
        pytest.skip("This is no checkout.")
    release = install(where, "r1", quiet)
    assert (release / "cluster" / "releases.py").exists()
    assert history.commit_of(where, "r1") == releases.git("rev-parse", "HEAD").strip()
    assert not (release / ".git").exists()


@pytest.mark.parametrize("name", ["", "..", ".hidden", "a/b", "a b", "é", "x" * 41])
def test_a_name_that_is_none_is_refused(where, code, made, name):
    with pytest.raises(ClusterError, match="A release is named by"):
        install(where, name, quiet)


def test_a_name_is_used_once(where, code, made):
    install(where, "r1", quiet)
    with pytest.raises(ClusterError, match="There is a release r1 already"):
        install(where, "r1", quiet)


def test_what_fails_half_way_leaves_no_release(where, code, made, monkeypatch):
    def fail(*_):
        raise ClusterError("The packages cannot be installed")

    with monkeypatch.context() as patch, pytest.raises(ClusterError):
        patch.setattr(packages, "_make", fail)
        install(where, "r1", quiet)
    assert not (where.releases / "r1").exists()
    assert install(where, "r1", quiet).exists()


def test_releases_that_ask_for_the_same_packages_share_them(where, code, made):
    first, second = install(where, "r1", quiet), install(where, "r2", quiet)
    (code / "requirements.txt").write_text("django\nredis\n")
    third = install(where, "r3", quiet)
    assert (first / ".venv").resolve() == (second / ".venv").resolve() != (third / ".venv").resolve()
    assert len(made) == 2


def test_packages_that_take_their_time_say_so(where, code, made, monkeypatch):
    said = []
    monkeypatch.setattr(patience, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(packages, "_make", lambda *_: wait_until(lambda: len(said) > 2, what="what is said"))
    install(where, "r1", said.append)
    assert said[0].startswith("Installing the packages")
    assert said[1].startswith("… still installing the packages")


def test_packages_whose_installation_was_cut_off_are_made_again(where, code, made):
    venv = (install(where, "r1", quiet) / ".venv").resolve()
    (venv / packages.WHOLE).unlink()
    install(where, "r2", quiet)
    assert made == [venv, venv]


def test_a_tree_within_somebody_elses_checkout_has_no_history(where, tmp_path, monkeypatch):
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    monkeypatch.setattr(releases, "CODE", releases.CODE / "cluster")
    assert not releases.has_history()
    assert not releases.has_changes()
