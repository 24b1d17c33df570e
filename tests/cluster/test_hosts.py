"""A host does what it is told, in a bounded time, and tells why it did not. SSH itself: see test_deploys.py."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from paramiko import RejectPolicy

from cluster import hosts, patience
from cluster.errors import REFUSED, ClusterError
from cluster.hosts import CommandFailed, Host, hosts_of
from cluster.interrupting import Interrupt
from cluster.places import claimed

from ..servers import wait_until


@pytest.fixture
def host(where):
    return Host(str(where.folder))


def test_commands_run_one_after_the_other_in_the_folder_of_the_cluster(host, where):
    assert host.run("mkdir one", "cd one", "pwd") == f"{where.folder}/one\n"


def test_what_fails_is_told_by_its_last_line_and_all_of_it_is_there_to_read(host):
    with pytest.raises(CommandFailed) as failure:
        host.run("echo one >&2 && echo two >&2 && exit 3", "touch not-reached")
    assert str(failure.value).endswith("touch not-reached here: two")
    assert failure.value.said == "one\ntwo"
    assert host.run("ls not-reached 2>&1 || true") != "not-reached\n"


def test_a_step_that_says_why_it_is_refused_is_not_told_by_its_command(host):
    with pytest.raises(CommandFailed) as failure:
        host.run(f"sh -c 'echo There is none to go back to. >&2; exit {REFUSED}'")
    assert str(failure.value) == "There is none to go back to."


def test_what_fails_without_a_word_is_told_by_its_status(host):
    with pytest.raises(ClusterError, match=r"^false here: failed with status 1$"):
        host.run("false")


def test_what_takes_too_long_is_ended_with_all_that_it_has_begun(host, where):
    with pytest.raises(ClusterError, match=r"wait; } here took longer than 1 s\.$"):
        host.run("{ sleep 600 & echo $! > pid; wait; }", seconds=1)
    pid = int((where.folder / "pid").read_text())
    wait_until(lambda: not os.path.exists(f"/proc/{pid}"), what="the end of the command")


def test_a_command_gets_nothing_else_of_whoever_runs_it(host, monkeypatch):
    monkeypatch.setenv("RELEASE", "mallorys")
    assert host.run("echo ${RELEASE:-none}") == "none\n"


def test_python_of_a_release_runs_in_its_folder_as_the_shop_runs(host, where):
    release = where.releases / "r1"
    (release / ".venv" / "bin").mkdir(parents=True)
    (release / ".venv" / "bin" / "python").symlink_to("/bin/echo")
    where.env.write_text("RELEASE_IS_NOT=here\n")
    where.current.symlink_to("releases/r1")
    assert host.python("r1", "-c", "it's quoted; reboot") == "-c it's quoted; reboot\n"
    assert host.current("-m", "x") == "-m x\n"


def test_whoever_loses_patience_cuts_no_command_in_two(host):
    assert host.run("kill -INT $$", "kill -HUP $$", "echo done") == "done\n"


def test_a_file_is_put_there_or_it_is_told_why_not(host, where, tmp_path):
    (tmp_path / "file").write_text("bread")
    host.put(tmp_path / "file", "copy")
    assert (where.folder / "copy").read_text() == "bread"
    with pytest.raises(ClusterError, match="nowhere/copy cannot be put here: "):
        host.put(tmp_path / "file", "nowhere/copy")


def test_of_two_who_hold_a_host_the_second_is_refused(host, where):
    with host.claimed(), pytest.raises(ClusterError, match="Another command is at work"), claimed(where):
        pass
    with claimed(where):
        pass


def test_what_goes_on_after_its_deploy_was_killed_keeps_the_next_from_working_beside_it(host, where, tmp_path):
    go, begun = tmp_path / "go", tmp_path / "begun"
    os.mkfifo(go)
    deploy = (
        "import sys; from cluster.hosts import Host\n"
        "host = Host(sys.argv[1]); hold = host.claimed()\nhold.__enter__()\n"
        "host.run(f'touch {sys.argv[2]}', f'cat {sys.argv[3]}', 'touch migrated')"
    )
    killed = subprocess.Popen([sys.executable, "-c", deploy, where.folder, begun, go])
    wait_until(begun.exists, what="the start of the command")
    killed.kill()
    killed.wait()
    with host.claimed():
        with pytest.raises(
            ClusterError, match=rf"^Another command is at work here \(touch migrated, .*{killed.pid} "
        ):
            host.run("echo swapped")
        with pytest.raises(ClusterError, match="Another command is at work"), claimed(where, "command"):
            pass
        go.write_text("")
        wait_until((where.folder / "migrated").exists, what="the end of the command")
        wait_until(lambda: is_free(where), what="the end of its hold")
        assert host.run("echo swapped") == "swapped\n"


def is_free(where):
    try:
        with claimed(where, "command"):
            return True
    except ClusterError:
        return False


def test_hosts_are_those_that_were_named_or_this_machine():
    assert [host.where for host in hosts_of("/srv", ["ada@a:2222", "b"])] == ["on ada@a:2222", "on b"]
    assert [host.where for host in hosts_of("/srv", [])] == ["here"]


def test_nobody_is_believed_whose_key_is_not_known():
    (host,) = hosts_of("/srv", ["b"])
    assert isinstance(host.context.client._policy, RejectPolicy)


def test_a_host_that_does_not_answer_is_told_of_in_a_line(monkeypatch):
    monkeypatch.setattr(hosts, "ANSWERS_WITHIN_SECONDS", 2)
    (host,) = hosts_of("/srv", ["127.0.0.1:1"])
    with pytest.raises(ClusterError, match=r"^127\.0\.0\.1:1 cannot be reached: "), host.claimed():
        pass


def test_a_signal_is_noted_and_heeded_between_two_steps():
    stop = Interrupt()
    with stop.noted():
        os.kill(os.getpid(), signal.SIGTERM)
        wait_until(lambda: stop.heard, what="the signal")
        with pytest.raises(ClusterError, match="It was stopped by SIGTERM"):
            stop.heed()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_a_long_step_says_that_it_goes_on(monkeypatch):
    monkeypatch.setattr(patience, "EVERY_SECONDS", 0.01)
    said, lines = threading.Event(), []
    with patience.telling("installing", lambda line: (lines.append(line), said.set())):
        assert said.wait(60)
    assert lines[0] == "… still installing (0 s)"


def test_what_takes_too_long_and_hears_nothing_is_killed(host, where, monkeypatch):
    """A command that is only asked to end would hold the cluster for as long as it likes."""
    monkeypatch.setattr(hosts, "UNDONE_WITHIN_SECONDS", 1)
    release = where.releases / "r1"
    (release / ".venv/bin").mkdir(parents=True, exist_ok=True)
    (release / ".venv/bin/python").symlink_to(sys.executable)
    where.env.write_text("NAME=value\n")
    deaf = (
        "import os, pathlib, signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        " pathlib.Path('pid').write_text(str(os.getpid())); time.sleep(600)"
    )
    with pytest.raises(ClusterError, match=r"took longer than 1 s\.$"):
        host.python("r1", "-c", deaf, seconds=1)
    pid = int((release / "pid").read_text())
    wait_until(lambda: not Path(f"/proc/{pid}").exists(), what="the end of the command")
