"""The real thing: deploys of a whole cluster while people shop, here and over SSH, good ones and bad ones."""

import re
import signal
import subprocess
import sys

import pytest

from bench.changing import CHANGES, a_column, commit
from bench.cluster import opened_cluster
from bench.figure import Figure
from bench.proofs import bad_release, deploys
from bench.shoppers import browse, fill_basket, have_painted, order, stay_signed_in
from cluster.errors import ClusterError
from cluster.history import deployed
from cluster.needs import check_programs

from ..servers import lacking, wait_until
from .sshd import know, opened_sshd

IMPATIENT = {"READY_WITHIN_SECONDS": "30"}  # of a clone, on those that it depends on
LOAD = {browse: 1, fill_basket: 1, order: 1, have_painted: 1, stay_signed_in: 1}


@pytest.fixture(scope="module")
def shop():
    needed()
    with opened_cluster(deploys.SETTINGS | IMPATIENT) as cluster:
        yield cluster


def needed():
    try:
        check_programs()
    except ClusterError as reason:
        lacking(str(reason))


def missed(figures: list[Figure]) -> list[Figure]:
    """But for times: they are another matter on a machine that runs tests."""
    assert figures
    return [figure for figure in figures if not figure.holds and not figure.is_timed]


def deploy_over_ssh(cluster, release, home, port):
    cluster.environment["HOME"] = str(home)
    return cluster.run("deploy", release, "--hosts", f"127.0.0.1:{port}", "--identity", str(home / "key"))


def test_a_deploy_and_a_rollback_are_noticed_by_nobody(shop):
    assert missed(deploys.prove_on(shop, CHANGES[:1], [1], LOAD)) == []


def test_a_machine_is_moved_over_ssh(shop, home):
    commit(shop.checkout, a_column)
    with opened_sshd(home) as port:
        know(home, port)
        said = deploy_over_ssh(shop, "s1", home, port)
    assert f"release s1 lies on 127.0.0.1:{port}" in said
    assert re.search(r"\d+ processes and \d+ answers, all of release s1", said)
    assert bad_release.strangers(shop, "s1") == []
    assert deployed(shop.where)[-1] == "s1"


def cut_off(cluster, release):
    """A deploy that is killed once its first clone answers."""
    command = [sys.executable, "-m", "cluster", "deploy", release]
    with subprocess.Popen(
        command, cwd=cluster.checkout, env=cluster.environment, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            if f"web1 runs {release}" in line:
                process.kill()
    assert process.wait() == -signal.SIGKILL


def has_gone_back(cluster):
    """A step may still be at work, for which a rollback is refused."""
    try:
        return cluster.run("rollback")
    except RuntimeError as refusal:
        assert "Another command is at work" in str(refusal)
    return ""


def test_a_deploy_that_was_cut_off_is_taken_back(shop):
    now = shop.where.current.readlink().name
    cut_off(shop, "half")
    assert "web1:" in "".join(bad_release.strangers(shop, now))
    said = wait_until(lambda: has_gone_back(shop), seconds=deploys.PATIENCE_SECONDS, what="a rollback")
    assert f"an earlier deploy was cut off: everybody goes back to {now}" in said
    assert bad_release.strangers(shop, now) == []


def test_a_bad_release_is_undone_and_noticed_by_nobody(shop):
    assert missed(bad_release.prove_on(shop, bad_release.KINDS, LOAD)) == []
