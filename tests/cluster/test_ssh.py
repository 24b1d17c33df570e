"""A host over SSH: a real server, whose key must be known, and which does what this machine would do."""

import pytest

from cluster.errors import ClusterError
from cluster.hosts import CommandFailed, Host
from cluster.places import claimed

from .sshd import know, opened_sshd

UP = "p=$$; until ps -o comm= -p $p | grep -q sshd; do p=$(ps -o ppid= -p $p | tr -d ' '); done"
LOSE_THE_LINE = (UP, "kill -9 $p")


@pytest.fixture
def connect(where, home):
    """One more connection to a machine that we know."""
    with opened_sshd(home) as port:
        know(home, port)
        yield lambda folder=where.folder: Host(str(folder), f"127.0.0.1:{port}", identity=str(home / "key"))


def refused(verb, *arguments, **options):
    with pytest.raises(ClusterError) as refusal:
        verb(*arguments, **options)
    return str(refusal.value)


def hold(host):
    with host.claimed():
        return


def test_a_machine_that_is_not_known_or_is_another_now_is_refused(connect, home):
    host = connect()
    port = host.context.port
    know(home, port, by="key")
    assert "does not match" in refused(hold, connect())
    (home / ".ssh" / "known_hosts").unlink()
    assert f"Server '[127.0.0.1]:{port}' not found in known_hosts" in refused(hold, connect())


def test_whoever_has_no_key_is_not_let_in(connect, home):
    (home / "key").unlink()
    assert "cannot be reached: " in refused(hold, connect())


def test_commands_and_files_go_there_and_what_fails_is_told(connect, where, home):
    host = connect()
    with host.claimed():
        assert host.run("mkdir one", "cd one", "pwd") == f"{where.folder}/one\n"
        with pytest.raises(CommandFailed, match=f"exit 3 {host.where}: two$") as failure:
            host.run("echo one >&2 && echo two >&2 && exit 3")
        assert failure.value.said == "one\ntwo"
        host.put(home / "key.pub", "copy")
        assert (where.folder / "copy").read_text() == (home / "key.pub").read_text()
        assert f"nowhere/copy cannot be put {host.where}: " in refused(host.put, home / "key.pub", "nowhere/copy")


def test_what_takes_too_long_there_is_ended_there(connect, where):
    host = connect()
    with host.claimed():
        assert "took longer than 1 s." in refused(host.run, "{ trap 'touch ended' TERM; sleep 600; }", seconds=1)
    assert (where.folder / "ended").exists()


def test_a_line_that_is_lost_is_told(connect):
    host = connect()
    with host.claimed():
        assert "the connection was lost during kill" in refused(host.run, *LOSE_THE_LINE)


def test_of_two_commands_the_second_is_refused_wherever_it_comes_from(connect, where):
    with connect().claimed():
        assert "Another command is at work on 127.0.0.1:" in refused(hold, connect())
        with pytest.raises(ClusterError, match="Another command is at work"), claimed(where):
            pass
    with claimed(where):
        assert "Another command is at work on 127.0.0.1:" in refused(hold, connect())
    hold(connect())


def test_a_folder_that_is_not_there_is_told(connect, where):
    assert "nowhere cannot be held on 127.0.0.1:" in (told := refused(hold, connect(where.folder / "nowhere")))
    assert " cd: " in told


def test_after_a_lost_line_it_goes_on_only_where_nobody_else_has_been_at_work(connect):
    one = connect()
    with one.claimed():
        refused(one.run, *LOSE_THE_LINE)
        assert one.run("echo back") == "back\n"
        assert "Another command is at work on 127.0.0.1:" in refused(hold, connect())
        refused(one.run, *LOSE_THE_LINE)
        two = connect()
        with two.claimed():
            assert "Another command is at work on 127.0.0.1:" in refused(one.run, "echo swapped")
        for _ in range(2):
            assert "Another command has been at work on 127.0.0.1:" in refused(one.run, "echo swapped")
