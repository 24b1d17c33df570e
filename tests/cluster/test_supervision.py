"""What the process manager is told, as it reads it itself."""

import os
import shlex
import socket
import subprocess

import pytest
from supervisor.options import ServerOptions

from cluster import steps, topology
from cluster.environment import CLONES, choose
from cluster.errors import ClusterError
from cluster.leftovers import MARK
from cluster.places import Places
from cluster.starting import chosen
from cluster.supervision import Supervisor
from cluster.supervisor_conf import configuration


@pytest.fixture
def groups(where):
    return read(where)


def read(where):
    where.make()
    conf = where.shared / "supervisord.conf"
    conf.write_text(configuration(where, topology.programs(where, choose(where))))
    options = ServerOptions()
    options.realize(["-c", str(conf)])
    return {group.name: group for group in options.process_group_configs}


def words(process):
    return shlex.split(process.command)


def name_in(command):
    """Of a worker: the word after the last -n, since `nice` has one as well."""
    return command[len(command) - command[::-1].index("-n")]


def test_it_knows_every_program(groups):
    servers = {"mariadb1", "mariadb2", "mariadb3", "cache", "keep", "broker", "proxy"}
    assert set(groups) == servers | set(CLONES) | {"interactive", "bulk", "render", "relay", "beat"}


def test_the_two_places_of_a_clone_have_one_port_and_hand_it_over(groups, where):
    told = choose(where)
    for name in CLONES:
        address = f"127.0.0.1:{told[f'CLUSTER_{name.upper()}_PORT']}"
        assert all(address in words(process) for process in groups[name].process_configs)
        handovers = {process.environment["HANDOVER"] for process in groups[name].process_configs}
        assert handovers == {str(where.handover(name))}
        assert [words(process)[0] for process in groups[name].process_configs] == [
            f"{where.folder}/slots/{name}-0/.venv/bin/python",
            f"{where.folder}/slots/{name}-1/.venv/bin/python",
        ]
        assert [process.environment["CLONE"] for process in groups[name].process_configs] == [name, name]


def test_two_workers_of_a_lane_are_told_apart(groups):
    for lane in topology.LANES:
        names = [name_in(words(process)) for process in groups[lane].process_configs]
        assert names == [f"{lane}-0@%h", f"{lane}-1@%h"]


def test_each_place_runs_in_its_own_release_and_has_its_own_log(groups, where):
    for group in groups.values():
        for process in group.process_configs:
            full = group.name if len(group.process_configs) == 1 else f"{group.name}:{process.name}"
            assert process.stdout_logfile == str(where.log(full))
            if ":" in full:
                assert process.directory == str(where.slot(group.name, int(process.name)))


def test_nothing_starts_before_somebody_has_seen_to_what_it_needs(groups):
    assert not [group.name for group in groups.values() for each in group.process_configs if each.autostart]


@pytest.mark.parametrize("name", ["50%", "my shop", "a$b", "it's"])
def test_a_folder_that_somebody_would_read_wrongly_is_refused(tmp_path, name):
    with pytest.raises(ClusterError, match="set CLUSTER_DIR to a plainer path"):
        Places(tmp_path / name).make()


def test_a_process_manager_that_is_silent_is_not_waited_for(where, monkeypatch):
    monkeypatch.setattr("cluster.supervision.ANSWERS_WITHIN_SECONDS", 0.1)
    where.make()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
        silent.bind(str(where.socket))
        silent.listen()
        with pytest.raises(ClusterError, match="silent for"):
            Supervisor(where).state("proxy")
        assert not Supervisor(where).answers()


def test_a_shop_whose_process_manager_is_only_slow_is_left_alone(where, monkeypatch):
    monkeypatch.setattr("cluster.supervision.ANSWERS_WITHIN_SECONDS", 0.1)
    server = subprocess.Popen(["sleep", "600"], env=os.environ | {MARK: str(where.folder)})
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as silent:
            silent.bind(str(where.socket))
            silent.listen()
            with pytest.raises(ClusterError, match="The process manager is silent, but lives"):
                chosen(where, Supervisor(where))
            with pytest.raises(ClusterError, match="The process manager is silent, but lives"):
                steps.crew(where)
        assert server.poll() is None
    finally:
        server.kill()
        server.wait()
