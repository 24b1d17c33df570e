"""A cluster's folder of one's own. Without what production wants these tests are not there; with CI they must be."""

import os
import tempfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from cluster.places import Places

if not find_spec("supervisor") and not os.environ.get("CI"):
    collect_ignore_glob = ["test_*.py"]


@pytest.fixture
def short_path():
    """A folder that is gone afterwards, under a path that is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="c") as folder:
        yield Path(folder)


@pytest.fixture
def where(short_path, monkeypatch):
    monkeypatch.delenv("PORT", raising=False)
    monkeypatch.delenv("HOSTS", raising=False)
    made = Places(short_path / "cluster")
    made.make()
    return made


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home folder in which SSH finds nothing but what a test puts there."""
    (tmp_path / ".ssh").mkdir(mode=0o700)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    return tmp_path
