"""A real nginx for the tests of the proxy."""

import pytest

from shop.nginx import missing
from tests.servers import lacking

from .standin import House


@pytest.fixture(scope="session")
def open_house(tmp_path_factory):
    """One proxy for all tests that leave its clones alone."""
    yield from opened(tmp_path_factory.mktemp("house"))


@pytest.fixture
def house(open_house):
    """Two clones, some pages, and the proxy before them."""
    open_house.furnish()
    return open_house


@pytest.fixture
def own_house(tmp_path):
    """The same for one test, which may close the clones."""
    yield from opened(tmp_path / "house")


@pytest.fixture
def house_alone(own_house):
    """Nobody is there but the proxy."""
    own_house.close_clones()
    return own_house


def opened(folder):
    if reason := missing():
        lacking(reason)
    house = House(folder)
    try:
        house.furnish()
        house.proxy.start()
        yield house
    finally:
        house.close()
