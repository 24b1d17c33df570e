import pytest

from scaling.kinds import registry

from .things import Things


@pytest.fixture
def things():
    yield Things()
    registry.pop("thing", None)
