"""Promises about the database are kept on MariaDB, too, and those of routing with replicas that replicate."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from shop.mariadb_data import missing

from ..servers import lacking

FOLDERS = ["tests/jobs", "tests/products", "tests/scaling"]
OF_REPLICAS = ["test_causal", "test_orm_matrix", "test_replicas", "test_standing"]
RUNS = {"mariadb": FOLDERS, "replicas": [f"tests/scaling/{name}.py" for name in OF_REPLICAS]}


@pytest.mark.skipif(bool(os.environ.get("TEST_DATABASE")), reason="it would start itself")
@pytest.mark.parametrize("database", RUNS)
def test_the_tests_of_the_database_pass_on(database):
    if reason := missing():
        lacking(reason)
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-x",
        "-p",
        "no:cacheprovider",
        "--ignore=tests/jobs/cake",
        *RUNS[database],
    ]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        command,
        cwd=settings.ROOT,
        env=plain | {"TEST_DATABASE": database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4_000:]
