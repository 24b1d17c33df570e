from types import SimpleNamespace

import pytest

from jobs import reconciling
from scaling import pages
from scaling.folder import Folder


@pytest.fixture(autouse=True)
def private_pictures(settings, tmp_path):
    """A folder of each test's own."""
    private = settings.STORAGES["pictures_private"]
    options = private["OPTIONS"] | {"location": tmp_path / "private"}
    settings.STORAGES = settings.STORAGES | {"pictures_private": private | {"OPTIONS": options}}


@pytest.fixture
def published(settings, tmp_path, monkeypatch):
    """Pages are published, to a folder of the test's own. Answers the folder."""
    settings.PUBLISH = "all"
    folder = Folder(SimpleNamespace(location=tmp_path / "published"), settings.RELEASE)
    monkeypatch.setattr(pages, "store", lambda: folder)
    monkeypatch.setattr(reconciling, "store", lambda: folder)
    return folder
