"""A program moves to another release: the new process is believed by its own heartbeat, and the old one ends last."""

import socket
import time
from types import SimpleNamespace

import pytest
from redis.exceptions import ConnectionError as NoKeep
from supervisor.states import ProcessStates

from cluster import history, rolling, slots, supervision
from cluster.environment import choose, read
from cluster.errors import ClusterError
from cluster.places import point
from cluster.topology import CLONE, CLONE_SECONDS, WORKER, Program, programs
from scaling.clones import CUT_OFF_STATUS
from scaling.fleet import WEB, Member
from shop import serving

WEB1 = Program("web1", CLONE, ["web"])
BULK = Program("bulk", WORKER, ["bulk"])


class Machine:
    """Stands in for the process manager and for `keep`: `told` is done whenever a process starts."""

    def __init__(self, where):
        self.where, self.states, self.infos = where, {}, {}
        self.members, self.did, self.told = [], [], self.speak
        self.rpc = SimpleNamespace(getProcessInfo=self.info)

    def info(self, name):
        return {"exitstatus": 0, "start": 1, "stop": 0, "state": self.state(name)} | self.infos.get(name, {})

    def state(self, name):
        return self.states.get(name, ProcessStates.STOPPED)

    def is_running(self, name):
        return self.state(name) == ProcessStates.RUNNING

    def start(self, name):
        self.did.append(f"start {name}")
        self.states[name] = ProcessStates.RUNNING
        self.told(name)

    def stop(self, *names, seconds):
        self.did.append(f"stop {' '.join(names)}")
        self.states.update(dict.fromkeys(names, ProcessStates.STOPPED))

    def runs(self, process, release, state=ProcessStates.RUNNING):
        program, slot = process.split(":")
        (self.where.releases / release).mkdir(exist_ok=True)
        point(self.where.slot(program, int(slot)), self.where.releases / release)
        self.states[process] = state
        self.speak(process)

    def speak(self, process, **changes):
        """The heartbeat of what has just started."""
        program, slot = process.split(":")
        name = program if program.startswith("web") else f"{program}-{slot}@here"
        release = self.where.slot(program, int(slot)).readlink().name
        member = Member(WEB, name, release, time.time() + 1, socket.gethostname(), 1)
        self.members.append(member._replace(**changes))

    def log(self, process, text):
        with self.where.log(process).open("a") as file:
            file.write(text)


@pytest.fixture
def machine(where, monkeypatch):
    made = Machine(where)
    for release in ("r1", "r2"):
        (where.releases / release).mkdir()
    point(where.current, where.releases / "r1")
    monkeypatch.setattr(slots, "Supervisor", lambda where: made)
    monkeypatch.setattr(slots, "fleet", lambda: made.members)
    monkeypatch.setattr(slots, "READY_WITHIN_SECONDS", 0.05)
    monkeypatch.setattr(supervision, "LOOKED_AGAIN_SECONDS", 0.01)
    return made


def test_the_new_release_starts_in_the_other_slot_and_the_old_one_goes_on(machine, where):
    machine.runs("web1:0", "r1")
    slots.begin(where, [WEB1], "r2")
    assert machine.did == ["start web1:1"]
    assert [slots.runs(where, WEB1, slot) for slot in (0, 1)] == ["r1", "r2"]
    assert "r2" in history.used(where)


def test_what_runs_already_is_not_started_again(machine, where):
    machine.runs("web1:1", "r2")
    slots.begin(where, [WEB1], "r2")
    assert machine.did == []


@pytest.mark.parametrize(
    "changes",
    [
        {"release": "r1"},
        {"since": 1.0},
        {"is_draining": True},
        {"name": "web2"},
        {"host": "another"},
    ],
    ids=str,
)
def test_only_its_own_heartbeat_is_believed(machine, where, changes):
    machine.runs("web1:0", "r1")
    machine.told = lambda process: machine.speak(process, **changes)
    with pytest.raises(ClusterError, match=r"web1 of release r2 \(its log: .*web1-1.log\) took longer than"):
        slots.begin(where, [WEB1], "r2")
    assert machine.did == ["start web1:1", "stop web1:1"]
    assert machine.is_running("web1:0")


def test_a_worker_is_known_by_the_name_of_its_lane(machine, where):
    machine.runs("bulk:0", "r1")
    slots.begin(where, [BULK], "r2")
    assert machine.did == ["start bulk:1"]


def test_keep_may_be_away_for_a_moment(machine, where, monkeypatch):
    answers = iter([NoKeep(), NoKeep()])

    def fleet():
        if error := next(answers, None):
            raise error
        return machine.members

    monkeypatch.setattr(slots, "READY_WITHIN_SECONDS", 60)
    monkeypatch.setattr(slots, "fleet", fleet)
    slots.begin(where, [WEB1], "r2")
    assert next(answers, None) is None


def test_one_that_says_it_cannot_be_ready_is_not_waited_for(machine, where, monkeypatch):
    monkeypatch.setattr(slots, "READY_WITHIN_SECONDS", 600)
    machine.log("web1:0", "ValueError: of a release long ago\nThis clone is not ready: its log says why.\n")

    def fail(process):
        machine.log(process, "Not ready: / answers 500.\nThis clone is not ready: its log says why.\n")

    machine.told = fail
    with pytest.raises(ClusterError, match=r"^web1 of release r2 does not become ready: Not ready: / answers 500\.$"):
        slots.begin(where, [WEB1], "r2")
    assert not machine.is_running("web1:0")


def test_a_template_that_cannot_be_compiled_is_what_the_deploy_says(machine, where, monkeypatch):
    monkeypatch.setattr(slots, "READY_WITHIN_SECONDS", 600)
    why = "product.html, line 2: Encountered unknown tag 'bake'."
    machine.told = lambda process: machine.log(process, f"an earlier word\nThis clone is not ready: {why}\n")
    with pytest.raises(ClusterError) as failure:
        slots.begin(where, [WEB1], "r2")
    assert str(failure.value) == f"web1 of release r2 does not become ready: {why}"


def test_one_that_ends_is_not_waited_for_and_its_last_error_is_told(machine, where, monkeypatch):
    monkeypatch.setattr(slots, "READY_WITHIN_SECONDS", 600)

    def end(process):
        machine.log(process, "ImportError: no module named bread\nand a word more\n")
        machine.states[process] = ProcessStates.EXITED

    machine.told = end
    with pytest.raises(ClusterError, match="does not become ready: ImportError: no module named bread"):
        slots.begin(where, [WEB1], "r2")


def test_of_several_all_are_stopped_when_one_fails(machine, where):
    machine.told = lambda process: process == "web1:0" and machine.speak(process)
    with pytest.raises(ClusterError, match=r"^bulk of release r2"):
        slots.begin(where, [WEB1, BULK], "r2")
    assert machine.did[-1] == "stop web1:0 bulk:0"


def test_where_both_slots_are_taken_nothing_is_started(machine, where):
    machine.runs("web1:0", "r1")
    machine.runs("web1:1", "r3", ProcessStates.BACKOFF)
    with pytest.raises(ClusterError, match="Both places of web1 are taken"):
        slots.begin(where, [WEB1], "r2")
    assert machine.did == []


def test_the_old_ones_end_all_at_once(machine, where):
    for name in ("web1", "bulk"):
        machine.runs(f"{name}:0", "r1")
        machine.runs(f"{name}:1", "r2")
    slots.finish(where, [WEB1, BULK], "r2")
    assert machine.did == ["stop web1:0 bulk:0"]


def test_the_old_one_goes_on_where_nothing_runs_the_new_release(machine, where):
    machine.runs("web1:0", "r1")
    with pytest.raises(ClusterError, match="Nothing runs web1 of release r2: the other one goes on"):
        slots.finish(where, [WEB1], "r2")
    assert machine.did == []


@pytest.mark.parametrize("state", [ProcessStates.BACKOFF, ProcessStates.STARTING, ProcessStates.STOPPING])
def test_the_old_one_goes_on_while_the_new_one_does_not_run(machine, where, state):
    machine.runs("bulk:0", "r1")
    machine.runs("bulk:1", "r2", state)
    with pytest.raises(ClusterError, match="bulk of release r2"):
        slots.finish(where, [BULK], "r2")
    assert machine.did == []


@pytest.mark.parametrize("changes", [{"since": 0.5}, {"is_draining": True}, {"host": "another"}], ids=str)
def test_the_old_one_goes_on_until_the_new_one_is_heard_again(machine, where, changes):
    machine.runs("web1:0", "r1")
    machine.runs("web1:1", "r2")
    machine.members[-1] = machine.members[-1]._replace(**changes)
    with pytest.raises(ClusterError, match="A word of web1 of release r2 took longer than"):
        slots.finish(where, [WEB1], "r2")
    assert machine.did == []


def test_one_that_is_started_again_meanwhile_is_waited_for(machine, where, monkeypatch):
    monkeypatch.setattr(slots, "READY_WITHIN_SECONDS", 60)
    machine.runs("bulk:0", "r1")
    machine.runs("bulk:1", "r2", ProcessStates.BACKOFF)
    states = iter([ProcessStates.BACKOFF, ProcessStates.STARTING])
    machine.rpc.getProcessInfo = lambda name: machine.info(name) | {"state": next(states, ProcessStates.RUNNING)}
    slots.finish(where, [BULK], "r2")
    assert machine.did == ["stop bulk:0"]


def test_one_that_is_about_to_end_is_waited_for_and_started_again(machine, where):
    machine.runs("web1:0", "r1", ProcessStates.STOPPING)
    machine.runs("web1:1", "r2")
    slots.begin(where, [WEB1], "r1")
    slots.finish(where, [WEB1], "r1")
    assert machine.did == ["stop web1:0", "start web1:0", "stop web1:1"]


def test_a_clone_cuts_off_an_answer_before_it_is_killed_itself():
    assert serving.DEFAULTS["graceful_timeout"] + slots.KILLED_WITHIN_SECONDS < CLONE_SECONDS


def test_a_step_that_swaps_has_time_for_all_that_it_waits_for(where):
    choose(where)
    grace = max(program.stop_seconds for program in programs(where, read(where.env)))
    longest = 2 * (slots.READY_WITHIN_SECONDS + grace + slots.KILLED_WITHIN_SECONDS)
    assert longest < rolling.SWAPPED_WITHIN_SECONDS


def test_one_that_had_to_be_killed_is_an_error(machine, where):
    machine.runs("web1:0", "r1")
    machine.runs("web1:1", "r2")
    machine.infos["web1:0"] = {"exitstatus": -1, "stop": time.time() + WEB1.stop_seconds}
    with pytest.raises(ClusterError, match="web1:0 did not end in 40 s and was killed"):
        slots.finish(where, [WEB1], "r2")


def test_a_clone_that_cut_off_an_answer_is_an_error_however_soon(machine, where):
    machine.runs("web1:0", "r1")
    machine.runs("web1:1", "r2")
    machine.infos["web1:0"] = {"exitstatus": CUT_OFF_STATUS, "stop": time.time()}
    with pytest.raises(ClusterError, match="web1:0 has cut off an answer that it had begun"):
        slots.finish(where, [WEB1], "r2")


@pytest.mark.parametrize("state", [ProcessStates.BACKOFF, ProcessStates.RUNNING])
def test_one_that_was_failing_before_keeps_no_better_one_from_taking_over(machine, where, state):
    machine.runs("web1:0", "r1", state)
    machine.runs("web1:1", "r2")
    machine.infos["web1:0"] = {"exitstatus": 1, "stop": time.time()}
    slots.finish(where, [WEB1], "r2")
    assert machine.did == ["stop web1:0"]


def test_a_program_ends_whatever_it_runs(machine, where):
    machine.runs("web1:1", "r2")
    slots.end(where, WEB1)
    assert machine.did == ["stop web1:1"]


def test_a_program_that_does_not_run_has_nothing_to_end(machine, where):
    with pytest.raises(ClusterError, match=r"^web1 does not run: there is nothing to end\.$"):
        slots.end(where, WEB1)
    assert machine.did == []


@pytest.mark.parametrize(
    "line", ['{"level": "ERROR", "message": "Not ready: / answers 500."}', "Not ready: / answers 500."]
)
def test_why_a_clone_is_not_ready_is_told_in_words(tmp_path, line):
    log = slots.Log(tmp_path / "web1.log")
    log.path.write_text(f"it begins\n{line}\nThis clone is not ready: its log says why.\n")
    assert log.why() == "Not ready: / answers 500."
