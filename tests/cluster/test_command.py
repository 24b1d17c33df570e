"""`python -m cluster`: one clear line, and a status that a script can go by."""

import os
import signal
import subprocess
import sys

from django.conf import settings

from cluster.leftovers import MARK, leftovers
from cluster.places import claimed
from cluster.stopping import sweep

from ..servers import wait_until


def command(where, *words, **environment):
    return subprocess.run(
        [sys.executable, "-m", "cluster", *words],
        cwd=settings.ROOT,
        env=os.environ | {"CLUSTER_DIR": str(where.folder)} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_explains_its_verbs(where):
    helped = command(where, "--help").stdout
    for verb in ("start", "stop", "status"):
        assert f"\n{verb} " in helped


def test_where_nothing_runs_it_says_so(where):
    shown = command(where, "status")
    assert (shown.returncode, shown.stdout) == (1, "The cluster is not running: make cluster starts it.\n")
    stopped = command(where, "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "Nothing was running.\n")


def test_of_two_commands_the_second_is_refused(where):
    with claimed(where):
        refused = command(where, "stop")
    assert refused.returncode == 1
    assert refused.stderr == f"Another command is at work on {where.folder}: try again when it is done.\n"


def test_a_folder_too_deep_for_a_socket_is_refused_in_one_line(where):
    refused = command(where, "start", CLUSTER_DIR=str(where.folder / ("x" * 100)))
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "set CLUSTER_DIR to a shorter one" in refused.stderr


def test_what_a_dead_process_manager_leaves_behind_is_ended_and_nothing_else(where, monkeypatch):
    monkeypatch.setattr("cluster.stopping.ENDED_WITHIN_SECONDS", 0.1)
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    )
    ours = {MARK: str(where.folder)}
    others = {MARK: f"{where.folder}-of-somebody-else"}
    left, other = (
        subprocess.Popen([sys.executable, "-c", stubborn], env=os.environ | mark, stdout=subprocess.PIPE)
        for mark in (ours, others)
    )
    try:
        for process in (left, other):
            process.stdout.readline()
        assert leftovers(where) == {left.pid}
        assert sweep(where)
        assert wait_until(lambda: left.poll()) == -signal.SIGKILL
        assert other.poll() is None
    finally:
        for process in (left, other):
            process.kill()
            process.wait()
            process.stdout.close()
