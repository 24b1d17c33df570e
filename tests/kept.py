"""The shops that the proofs open in small are copies: each was opened once, by the first that wanted its like."""

import pytest

from bench import kept


@pytest.fixture(scope="session", autouse=True)
def kept_shops(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "FOLDER", tmp_path_factory.mktemp("kept"))
        yield
