"""The roll in Kubernetes asks for the right things in order. No cluster is here: a stand-in notes them."""

import os
import shutil
import subprocess

import pytest

from tests.compose.files import KUBERNETES

KUBECTL = """#!/bin/sh
echo "$*" >> "$NOTES"
case "$*" in *"$FAILS"*) exit 1 ;; esac
"""
ASKED = [
    "--namespace bakery delete job release-before release-after --ignore-not-found",
    "apply -k before",
    "--namespace bakery wait --for=condition=complete --timeout=30m job/release-before",
    "apply -k production --selector app notin (interactive, bulk, render, relay, beat)",
    "--namespace bakery rollout status deployment/web",
    "--namespace bakery rollout status deployment/proxy",
    "apply -k after",
    "--namespace bakery wait --for=condition=complete --timeout=30m job/release-after",
    "apply -k production",
    *(
        f"--namespace bakery rollout status deployment/{name}"
        for name in ("interactive", "bulk", "render", "relay", "beat")
    ),
    '--namespace bakery exec deployment/web -- sh -c python manage.py fleet --expect "$(cat RELEASE)" --within 60',
    "--namespace bakery exec deployment/web -- python manage.py migrate --no-input",
]


@pytest.fixture
def roll(tmp_path):
    """What was asked for, and how it ended."""
    shutil.copy(KUBERNETES / "roll.sh", tmp_path)
    (tmp_path / "kubectl").write_text(KUBECTL)
    (tmp_path / "kubectl").chmod(0o700)

    def run(fails="nothing at all"):
        notes = tmp_path / "notes"
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "NOTES": str(notes), "FAILS": fails}
        done = subprocess.run(["sh", tmp_path / "roll.sh"], env=env, capture_output=True, text=True, check=False)
        return done.returncode, notes.read_text().splitlines()

    return run


def test_the_database_comes_first_workers_after_pages_and_old_triggers_go_after_the_proof(roll):
    assert roll() == (0, ASKED)


@pytest.mark.parametrize(
    "fails",
    [
        "--ignore-not-found",
        "job/release-before",
        "deployment/web",
        "job/release-after",
        "deployment/relay",
        "fleet",
    ],
)
def test_what_fails_ends_it_there(roll, fails):
    status, asked = roll(fails)
    assert status != 0
    assert fails in asked[-1]
    assert asked == ASKED[: len(asked)]
