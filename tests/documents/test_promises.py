"""What the catalogue promises is kept with its documents in MongoDB, whichever engine asks it."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from bench.catalogue_tests import BOUNDED
from bench.mongo import missing

from ..servers import lacking


@pytest.mark.skipif(bool(os.environ.get("TEST_DOCUMENTS")), reason="it would start itself")
@pytest.mark.parametrize("engine", ["mongodb", "djongo"])
def test_the_tests_of_the_catalogue_pass_on(engine):
    if reason := missing():
        lacking(reason)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *BOUNDED],
        cwd=settings.ROOT,
        env=plain | {"TEST_DATABASE": "", "TEST_DOCUMENTS": engine},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
