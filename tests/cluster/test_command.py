"""`python -m cluster`: one clear line, and a status that a script can go by."""

import os
import signal
import socket
import stat
import subprocess
import sys

import pytest
from django.conf import settings

from cluster.__main__ import parser
from cluster.environment import choose
from cluster.errors import ClusterError
from cluster.leftovers import MARK, leftovers
from cluster.needs import check_running_port
from cluster.places import DEFAULT, Places, claimed
from cluster.showing import running
from cluster.starting import start
from cluster.stopping import sweep
from shop.valkeys import free_port

from ..servers import start_valkey, stop, wait_until


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
    verbs = next(action.choices for action in parser()._actions if action.dest == "verb_name")
    assert [verb for verb in verbs if f"\n{verb} " not in helped] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["join"], "python -m cluster join: the following arguments are required: CLONE."),
        (["leave"], "python -m cluster leave: the following arguments are required: CLONE."),
        (["backup"], "python -m cluster backup: the following arguments are required: FOLDER."),
        (["bake"], "python -m cluster: argument VERB: invalid choice: 'bake'"),
    ],
)
def test_a_word_that_is_missing_is_asked_for_in_one_line(words, told, capsys):
    with pytest.raises(SystemExit) as end:
        parser().parse_args(words)
    said = capsys.readouterr().err
    assert end.value.code == 2
    assert said.startswith(told)
    assert len(said.splitlines()) == 1


def test_a_server_that_hides_its_environment_is_left_behind_by_nobody(where):
    process = start_valkey("cache", f"redis://:only-for-tests@127.0.0.1:{free_port()}/0", where.shared)
    try:
        wait_until(lambda: leftovers(where) == {process.pid}, what="its title")
    finally:
        stop(process)


def test_where_nothing_runs_it_says_so(where):
    shown = command(where, "status")
    assert (shown.returncode, shown.stdout) == (1, "The cluster is not running: make cluster starts it.\n")
    stopped = command(where, "stop")
    assert (stopped.returncode, stopped.stdout) == (0, "Nothing was running.\n")


def test_a_folder_with_a_blank_is_refused_and_not_made(short_path):
    refused = command(Places(short_path / "a shop"), "start")
    assert refused.returncode == 1
    assert "has a blank or a sign in it" in refused.stderr
    assert list(short_path.iterdir()) == []


def test_a_port_that_will_not_do_is_refused_before_anything_is_installed(where, monkeypatch):
    monkeypatch.setattr("cluster.starting.check_programs", lambda: None)
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(ClusterError, match="PORT must be a number"):
        start(where, print)
    assert list(where.releases.iterdir()) == []
    assert not where.env.exists()


def test_who_asks_a_running_cluster_for_another_port_is_told_where_it_runs(where, monkeypatch):
    choose(where)
    check_running_port(where)
    monkeypatch.setenv("PORT", "8033")
    with pytest.raises(ClusterError) as refusal:
        check_running_port(where)
    named = f"CLUSTER_DIR={where.folder} "
    assert str(refusal.value) == (
        f"The cluster runs already, at http://127.0.0.1:8080: {named}make cluster-stop first, then"
        f" {named}PORT=8033 make cluster."
    )


def test_commands_that_are_named_begin_with_the_folder_that_is_not_the_usual_one(where):
    assert running(where, {"SITE_URL": "http://a"}).endswith(
        f"CLUSTER_DIR={where.folder} .venv/bin/python -m cluster status"
    )
    assert Places(DEFAULT).named == ""


def test_of_two_commands_the_second_is_refused(where):
    with claimed(where):
        refused = command(where, "stop")
    assert refused.returncode == 1
    who = f"process {os.getpid()} on {socket.gethostname()}"
    assert refused.stderr.startswith(f"Another command is at work on {where.folder} (")
    assert refused.stderr.endswith(f"{who}): try again when it is done.\n")


def test_a_verb_is_refused_while_what_a_deploy_has_left_behind_goes_on(where):
    with claimed(where, "command"):
        refused = command(where, "stop")
    assert refused.returncode == 1
    assert "Another command is at work" in refused.stderr


def test_a_folder_too_deep_for_a_socket_has_its_sockets_elsewhere_for_nobody_else(where, monkeypatch):
    monkeypatch.setattr("cluster.places.TEMPORARY", where.folder)
    deep = Places(where.folder / ("x" * 100))
    deep.make()
    assert deep.socket.parent == deep.sockets != deep.shared
    assert stat.S_IMODE(deep.sockets.stat().st_mode) == 0o700
    deep.sockets.chmod(0o755)
    with pytest.raises(ClusterError, match="open to others"):
        deep.make()


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
