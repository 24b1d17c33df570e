"""The same tests of the catalogue pass wherever its documents are: in SQLite, in MariaDB, and in MongoDB by either
engine."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from bench.catalogue_tests import WHOLE
from bench.figure import Figure, at_least, exactly
from bench.opened import ROOT

STORES = {
    "SQLite": {},
    "MariaDB": {"TEST_DATABASE": "mariadb"},
    "MongoDB, asked by djongo": {"TEST_DOCUMENTS": "djongo"},
    "MongoDB, asked by the official backend": {"TEST_DOCUMENTS": "mongodb"},
}
SHARE = 0.95  # of those that pass on SQLite: what is another on another database is skipped there
RAN = (0, 1)  # what pytest ends with once it has run tests
OF_A_RUN = ("TEST_DATABASE", "TEST_DOCUMENTS", "DJANGO_SETTINGS_MODULE", "PYTEST_")


@dataclass(frozen=True)
class Run:
    passed: int
    failed: list[str]


def prove(tests: list[str] = WHOLE) -> list[Figure]:
    runs = {store: _run(environment, tests) for store, environment in STORES.items()}
    least = round(SHARE * runs["SQLite"].passed)
    return [
        figure
        for store, run in runs.items()
        for figure in (
            at_least(f"Documents in {store}: tests of the catalogue that pass", run.passed, least),
            exactly("… that fail", run.failed, []),
        )
    ]


def _run(environment: dict[str, str], tests: list[str]) -> Run:
    """A run that did not even begin has failed as a whole."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(OF_A_RUN)}
    with tempfile.TemporaryDirectory(prefix="bakery-") as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", f"--junitxml={report}", *tests]
        done = subprocess.run(command, cwd=ROOT, env=plain | environment, capture_output=True, text=True, check=False)
        if done.returncode not in RAN or not report.exists():
            return Run(0, [done.stdout[-500:] + done.stderr[-500:]])
        return _read(report)


def _read(report: Path) -> Run:
    cases = list(ElementTree.parse(report).iter("testcase"))
    failed = [case.get("name", "") for case in cases if {"failure", "error"} & {each.tag for each in case}]
    passed = sum(not {"failure", "error", "skipped"} & {each.tag for each in case} for case in cases)
    return Run(passed, failed)
