"""What a backup holds and a restore refuses. With real servers: test_runbooks.py."""

import json
from pathlib import Path

import pytest

from cluster.backup import back_up, copy_secrets
from cluster.environment import DATABASES, choose, cluster_of, port_name, read
from cluster.errors import ClusterError
from cluster.places import CODE, Places, point
from cluster.restoring import restore, restore_secrets


@pytest.fixture
def backup(where, tmp_path):
    """The secrets of a cluster."""
    choose(where)
    where.own_env.write_text("PUBLISH=off\n")
    (where.releases / "r1").mkdir()
    (where.releases / "r1" / "COMMIT").write_text("1a2b3c\n")
    point(where.current, where.releases / "r1")
    folder = tmp_path / "backup"
    folder.mkdir()
    copy_secrets(where, cluster_of(where, read(where.env)), folder)
    return folder


@pytest.fixture
def again(short_path):
    new = Places(short_path / "again")
    new.make()
    return new


def test_a_restored_cluster_has_the_secrets_of_then_and_ports_of_its_own(where, backup, again):
    restore_secrets(again, backup)
    then, now = read(where.env), read(again.env)
    for name in ("SECRET_KEY", "METRICS_TOKEN", "CLUSTER_KEEP_PASSWORD"):
        assert now[name] == then[name]
    assert now["PUBLISH"] == "off"
    ports = [port_name(name) for name in (*DATABASES, "keep", "web1")]
    assert all(now[port] != then[port] for port in ports)
    before, after = (json.loads((each.databases / "cluster.json").read_text()) for each in (where, again))
    assert after["passwords"] == before["passwords"]
    assert now["DATABASE_URL"] == cluster_of(again, now).primary.url("shop")
    assert before["passwords"]["shop"] in now["DATABASE_URL"]
    assert str(where.folder) + "/" not in again.env.read_text()


def test_a_backup_is_for_its_owner_alone_and_names_the_code(backup):
    assert all((backup / name).stat().st_mode & 0o077 == 0 for name in ("env", "passwords", "RELEASE"))
    named, commit = (backup / "RELEASE").read_text().splitlines()
    assert named.split()[0] == "r1"
    assert commit == "commit 1a2b3c"


def test_a_backup_never_overwrites_another(where, tmp_path):
    with pytest.raises(ClusterError, match="is there already"):
        back_up(where, tmp_path, print)


def test_no_secret_is_put_into_the_checkout(where, monkeypatch):
    monkeypatch.chdir(CODE)
    with pytest.raises(ClusterError, match="is in the checkout, where no secret belongs"):
        back_up(where, Path("tonight").absolute(), print)
    assert not list(CODE.glob("*tonight*"))


def test_half_a_backup_is_none(again, tmp_path):
    with pytest.raises(ClusterError, match="is no backup, or not a whole one"):
        restore(again, tmp_path, print)


def test_nobody_is_restored_over_a_cluster(where, backup):
    with pytest.raises(ClusterError, match="There is a cluster in"):
        restore(where, backup, print)
