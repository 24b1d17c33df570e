"""What a host is asked during a deploy."""

import json
import subprocess
import sys

import pytest
from django.conf import settings as shop
from django.core.management import CommandError
from supervisor.states import ProcessStates

from cluster import history, steps
from cluster.environment import choose
from cluster.errors import REFUSED, ClusterError
from cluster.places import claimed, point


class Machine:
    """Stands in for the process manager: these run."""

    def __init__(self, *running):
        self.running = running

    def answers_or_is_gone(self):
        return bool(self.running)

    def state(self, name):
        return ProcessStates.RUNNING if name in self.running else ProcessStates.STOPPED


@pytest.fixture
def machine(where, monkeypatch):
    """Have these run."""
    choose(where)
    point(where.current, where.releases / "r1")

    def _run(**released):
        names = {name.replace("_", ":"): release for name, release in released.items()}
        for name, release in names.items():
            program, slot = name.split(":")
            point(where.slot(program, int(slot)), where.releases / release)
        monkeypatch.setattr(steps, "Supervisor", lambda where: Machine(*names))

    return _run


def test_a_crew_is_what_runs_here(machine, where):
    machine(web1_0="r1", web2_1="r1", web2_0="r2", relay_0="r1")
    assert json.loads(steps.crew(where)) == {
        "current": "r1",
        "clones": ["web1", "web2"],
        "workers": ["relay"],
        "releases": ["r1", "r2"],
        "used": ["r1", "r2"],
        "left": "",
    }


def test_where_the_process_manager_is_not_there_nothing_runs(machine, where):
    machine()
    assert json.loads(steps.crew(where))["clones"] == []


def test_a_program_that_runs_no_release_is_none_to_move(machine, where):
    with pytest.raises(ClusterError, match="There is no cache, web9 here that runs a release"):
        steps.programs_of(where, ["cache", "web1", "web9"])


@pytest.mark.parametrize(
    ("lines", "error", "told"),
    [
        (
            ["failed   /journal/1-rye/: KeyError: 'x'", "9 published, 1 failed"],
            SystemExit(1),
            "/journal/1-rye/: KeyError: 'x'",
        ),
        ([], CommandError("What is needed does not answer."), "What is needed does not answer."),
    ],
)
def test_a_page_that_cannot_be_published_is_named(where, settings, monkeypatch, lines, error, told):
    def publish(name, stdout, **options):
        stdout.writelines(f"{line}\n" for line in lines)
        raise error

    settings.PUBLISH = "all"
    monkeypatch.setattr(steps, "call_command", publish)
    with pytest.raises(ClusterError) as failure:
        steps.publish_pages(where)
    assert str(failure.value) == f"A page cannot be published: {told}"


def test_a_step_waits_for_nobody_and_leaves_alone_what_another_does(where):
    with claimed(where, "step"):
        done = subprocess.run(
            [sys.executable, "-m", "cluster.steps", "before"],
            cwd=shop.ROOT,
            env={"CLUSTER_DIR": str(where.folder), "DJANGO_SETTINGS_MODULE": "settings.test"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == REFUSED
    assert "Another command is at work" in done.stderr


def test_a_release_is_the_current_one_once_everybody_runs_it(where):
    point(where.current, where.releases / "r1")
    steps.conclude(where, "r2")
    assert (history.current(where), history.before(where)) == ("r2", "r1")
