import pytest


@pytest.fixture(autouse=True)
def private_pictures(settings, tmp_path):
    """A folder of each test's own."""
    private = settings.STORAGES["pictures_private"]
    options = private["OPTIONS"] | {"location": tmp_path / "private"}
    settings.STORAGES = settings.STORAGES | {"pictures_private": private | {"OPTIONS": options}}
