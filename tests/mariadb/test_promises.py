"""Promises about the database are kept on MariaDB, too: the same tests once more, there."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from shop.mariadb_data import missing

from ..servers import lacking

FOLDERS = ["tests/jobs", "tests/products", "tests/scaling"]


@pytest.mark.skipif(bool(os.environ.get("TEST_DATABASE")), reason="it would start itself")
def test_the_tests_of_the_database_pass_on_mariadb():
    if reason := missing():
        lacking(reason)
    command = [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", *FOLDERS]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command,
        cwd=settings.ROOT,
        env=plain | {"TEST_DATABASE": "mariadb"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
