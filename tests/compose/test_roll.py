"""The roll in containers asks the engine for the right things in order. No engine is here: a stand-in notes them."""

import fcntl
import os
import shutil
import subprocess

import pytest

from tests.compose.files import COMPOSE

DOCKER = """#!/bin/sh
[ "$1" = image ] && exit "${BUILT:-1}"
shift 3
echo "$RELEASE $*" >> "$NOTES"
case "$*" in *"$FAILS"*) exit 1 ;; esac
"""


GIT = """#!/bin/sh
printf "$CHANGES"
"""


@pytest.fixture
def roll(tmp_path):
    """Roll r2 over a copy of the folder; what was asked of the engine, and how it ended."""
    for name in ("roll.sh", "docker-compose.yml"):
        shutil.copy(COMPOSE / name, tmp_path)
    (tmp_path / ".env").write_text("SECRET_KEY=x\nRELEASE=r1\n")
    for name, script in (("docker", DOCKER), ("git", GIT)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o700)

    def run(fails="nothing at all", built="1", changes=""):
        notes = tmp_path / "notes"
        notes.touch()
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "NOTES": str(notes), "FAILS": fails}
        env |= {"BUILT": built, "CHANGES": changes}
        done = subprocess.run(
            ["sh", tmp_path / "roll.sh", "r2"], env=env, capture_output=True, text=True, check=False
        )
        return done, notes.read_text().splitlines(), (tmp_path / ".env").read_text()

    return run


def test_a_clone_ends_only_after_the_proxy_was_told(roll):
    done, asked, said = roll()
    assert done.returncode == 0, done.stderr
    for name in ("web1", "web2", "web3"):
        ended = asked.index(f"r2 up --detach --no-deps --wait {name}")
        told, reloaded = asked[ended - 2 : ended]
        assert "proxy_conf" in told
        assert f"{name}:8000" not in told
        assert told.count(":8000") == 2
        assert reloaded == "r2 kill --signal SIGHUP proxy"
    assert said == "SECRET_KEY=x\nRELEASE=r2\n"


def test_what_was_built_before_is_not_built_again_from_other_code(roll):
    _, asked, _ = roll(built="0")
    assert asked[0] == "r2 run --rm prepare"


def test_what_is_not_committed_is_not_built(roll):
    done, asked, said = roll(changes=" M shop/urls.py")
    assert (done.returncode, asked) == (1, [])
    assert "not committed" in done.stderr
    assert "RELEASE=r1" in said


def test_what_was_built_before_is_rolled_from_any_checkout(roll):
    done, _, said = roll(built="0", changes=" M shop/urls.py")
    assert done.returncode == 0, done.stderr
    assert "RELEASE=r2" in said


def test_a_second_roll_is_refused_while_the_first_is_at_work(roll, tmp_path):
    with (tmp_path / "roll.sh").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        done, asked, _ = roll()
    assert (done.returncode, asked) == (1, [])
    assert "Another roll is at work" in done.stderr


def test_the_database_comes_first_and_old_triggers_go_after_the_proof(roll):
    _, asked, _ = roll()
    assert asked[:2] == ["r2 build prepare render", "r2 run --rm prepare"]
    proof, settled = asked[-2:]
    assert "fleet --expect r2" in proof
    assert settled.endswith("manage.py migrate --no-input")


def test_the_old_workers_stay_until_the_new_pages_are_served(roll):
    _, asked, _ = roll()
    published = asked.index("r2 run --rm --no-deps publish")
    told, reloaded = asked[published - 2 : published]
    assert told.count(":8000") == 3
    assert "SIGHUP" in reloaded
    rolled = [line for line in asked[published:] if " up " in line]
    assert [line.rpartition(" ")[2] for line in rolled] == ["interactive", "bulk", "render", "relay", "beat"]


@pytest.mark.parametrize(
    "fails", ["run --rm prepare", "--wait bulk", "--wait web2", "--no-deps publish", "fleet --expect"]
)
def test_what_fails_ends_it_there(roll, fails):
    done, asked, said = roll(fails)
    assert done.returncode != 0
    assert fails in asked[-1]
    assert "RELEASE=r1" in said


def test_what_fails_after_the_proof_leaves_the_name_of_the_release_that_runs(roll):
    done, _, said = roll("migrate --no-input")
    assert done.returncode != 0
    assert "RELEASE=r2" in said


def test_every_clone_and_every_worker_is_rolled(roll):
    _, asked, _ = roll()
    rolled = [line.rpartition(" ")[2] for line in asked if " up " in line]
    assert rolled == ["web1", "web2", "web3", "interactive", "bulk", "render", "relay", "beat"]
