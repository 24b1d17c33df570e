"""The order of a deploy, what it refuses, and what becomes of one that fails or is stopped."""

import json

import pytest

from cluster import deploying, releases, rolling
from cluster.errors import ClusterError
from cluster.hosts import CommandFailed

SET_OUT, ARRIVED = "mv shared/former.new shared/former", "rm -f shared/former"
ROLL = [
    "r2: steps swap r2 web1",
    "r2: steps swap r2 web2",
    "r2: steps begin r2 bulk relay",
    "r2: steps pages",
    "r2: steps finish r2 bulk relay",
    "r2: steps conclude r2",
    "r2: steps prove r2 web1 web2 bulk relay",
]
BEFORE_IT = [
    "put releases/.r2.new/.tar",
    "r2: collectstatic",
    "r2: assets --upload",
    "r2: lint_migrations",
    "r2: migrate --keep-triggers",
    "r1: assets --upload",
    SET_OUT,
]
AFTER_IT = [ARRIVED, "r2: migrate", "r2: steps prune", "r2: assets --prune"]
GOING_BACK = ["r1: migrate --keep-triggers", *(line.replace("r2", "r1") for line in ROLL)]
BACK = [*GOING_BACK, ARRIVED, "r1: migrate"]


class StandInHost:
    """Does nothing, and notes what it was to do; where a move began it knows. What is in `fails` fails, each time."""

    def __init__(self, name="", *, clones=("web1", "web2"), workers=("bulk", "relay"), did=None):
        self.address, self.folder = name, "/srv/bakery"
        self.where = f"on {name}" if name else "here"
        self.crew = {"current": "r1", "clones": clones, "workers": workers, "releases": ["r1"], "used": ["r0", "r1"]}
        self.before = "r0\n"
        self.did, self.fails, self.holds, self.is_there = [] if did is None else did, [], {"r0", "r1", "r9"}, True

    def run(self, *commands, seconds=0):
        if commands[0].startswith("if test -e current"):
            return "yes\n" if self.is_there else ""
        if commands[0].startswith("if test -e releases/"):
            return "yes\n" if commands[0].split("/")[1].split(";")[0] in self.holds else ""
        if commands[-1] in (SET_OUT, ARRIVED):
            self._note(commands[-1])
            self.crew["left"] = self.crew["current"] if commands[-1] == SET_OUT else ""
            return ""
        return self._do(commands[-1])

    def put(self, local, remote):
        assert local.name == "release.tar"
        self._note(f"put {remote}")

    def current(self, *words):
        return json.dumps(self.crew) + "\n" if words[-1] == "crew" else self.before

    def python(self, release, *words, seconds=0):
        told = " ".join(word for word in words if word not in ("-m", "manage.py", "--no-input", "--verbosity", "0"))
        self._note(f"{release}: {told.replace('cluster.', '')}")
        if "conclude" in words:
            self.crew["current"], self.crew["releases"] = release, [release]
        return "said\n"

    def _note(self, line):
        self.did.append(f"{self.address} {line}".strip())
        self._do(line)

    def _do(self, line):
        if any(each in line for each in self.fails):
            raise CommandFailed(f"{line} {self.where}: it broke.", "first\nit broke.")
        return ""


@pytest.fixture
def host():
    return StandInHost()


@pytest.fixture
def said():
    return []


@pytest.fixture(autouse=True)
def committed(monkeypatch):
    """A checkout with nothing to commit."""
    monkeypatch.setattr(releases, "has_history", lambda: True)
    monkeypatch.setattr(releases, "has_changes", lambda: False)
    monkeypatch.setattr(releases, "archive", lambda folder: folder / "release.tar")


def deploy(said, *hosts, release="r2", heed=lambda: None):
    deploying.deploy(hosts, release, said.append, heed)


def rollback(said, *hosts, release=""):
    deploying.rollback(hosts, release, said.append, lambda: None)


def refused(verb, *arguments, **options):
    with pytest.raises(ClusterError) as refusal:
        verb(*arguments, **options)
    return str(refusal.value)


def test_all_is_there_before_the_first_clone_and_old_workers_end_after_the_pages(said, host):
    deploy(said, host)
    assert host.did == [*BEFORE_IT, *ROLL, *AFTER_IT]


def test_clones_of_all_hosts_move_before_the_first_worker(said):
    did = []
    one, two = StandInHost("a", clones=["web1"], did=did), StandInHost("b", clones=["web4"], workers=[], did=did)
    deploy(said, one, two)
    moved = [line for line in did if "swap" in line or "begin" in line or "finish" in line or "pages" in line]
    assert moved == [
        "a r2: steps swap r2 web1",
        "b r2: steps swap r2 web4",
        "a r2: steps begin r2 bulk relay",
        "b r2: steps begin r2",
        "a r2: steps pages",
        "a r2: steps finish r2 bulk relay",
        "b r2: steps finish r2",
    ]
    assert "a r2: steps prove r2 web1 bulk relay web4" in did
    assert sum("--keep-triggers" in line for line in did) == sum("prove" in line for line in did) == 1


@pytest.mark.parametrize(
    ("name", "changed", "told"),
    [
        ("has_history", False, "Only what is committed is deployed"),
        ("has_changes", True, "Some changes are not committed"),
    ],
)
def test_what_is_not_committed_is_not_deployed(said, host, monkeypatch, name, changed, told):
    monkeypatch.setattr(releases, name, lambda: changed)
    assert told in refused(deploy, said, host)
    assert host.did == []


@pytest.mark.parametrize(
    ("release", "told"),
    [
        ("", "Name the release: make deploy RELEASE=r2"),
        ("a b", "A release is named by"),
        ("x;reboot", "A release is named by"),
        ("r1", "Release r1 has run here already: name another one."),
    ],
)
def test_a_name_that_will_not_do_is_refused(said, host, release, told):
    assert told in refused(deploy, said, host, release=release)
    assert host.did == []


def test_where_nothing_runs_nothing_is_deployed(said, host):
    host.crew["clones"] = []
    assert refused(deploy, said, host) == "The cluster is not running: make cluster starts it."
    host.is_there = False
    assert "There is no cluster here in /srv/bakery" in refused(deploy, said, host)
    assert host.did == []


@pytest.mark.parametrize("failing", ["put", "collectstatic", "--upload", "lint_migrations", "migrate"])
def test_what_fails_before_the_first_clone_moves_nobody(said, host, failing):
    host.fails.append(failing)
    assert refused(deploy, said, host).endswith("it broke. Release r1 goes on, nothing was moved.")
    assert not [line for line in host.did if "swap" in line or line == SET_OUT]
    assert "    first" in said


@pytest.mark.parametrize("failing", ["r2: migrate", "r1: assets"])
def test_triggers_that_nobody_needs_go_again_before_it_is_said_that_nothing_was_moved(said, host, failing):
    host.fails.append(failing)
    assert refused(deploy, said, host).endswith("it broke. Release r1 goes on, nothing was moved.")
    assert host.did[-1] == "r1: migrate"


@pytest.mark.parametrize("failing", [ARRIVED, "r2: migrate", "prune"])
def test_what_fails_after_the_proof_takes_nobody_back(said, host, failing):
    def fails(line):
        if ARRIVED in host.did and failing in line and "keep" not in line:
            raise CommandFailed("it broke.")
        return ""

    host._do = fails
    told = refused(deploy, said, host)
    assert told == "Release r2 runs everywhere, but what is left of others was not removed: it broke."
    assert not [line for line in host.did if "swap r1" in line]


def test_what_was_said_without_a_stop_gets_one(said, host, monkeypatch):
    def oops(line):
        raise CommandFailed("manage.py migrate here: RuntimeError: oops")

    monkeypatch.setattr(host, "_do", oops)
    told = refused(deploy, said, host)
    assert told == "manage.py migrate here: RuntimeError: oops. Release r1 goes on, nothing was moved."


@pytest.mark.parametrize("failing", ["web1", "web2"])
def test_a_clone_that_fails_goes_back_and_the_pages_that_are_served_stay(said, host, failing):
    host.fails.append(f"r2: steps swap r2 {failing}")
    told = refused(deploy, said, host)
    assert told == f"r2: steps swap r2 {failing} here: it broke. Release r1 runs again."
    tried = ROLL[: ROLL.index(f"r2: steps swap r2 {failing}") + 1]
    assert host.did == [*BEFORE_IT, *tried, *(line for line in BACK if "pages" not in line)]


@pytest.mark.parametrize("failing", ["begin", "pages", "finish", "conclude", "prove"])
def test_what_fails_after_the_clones_takes_everybody_back(said, host, failing):
    host.fails.append(f"r2: steps {failing}")
    assert refused(deploy, said, host).endswith("it broke. Release r1 runs again.")
    tried = next(number for number, line in enumerate(ROLL, 1) if failing in line)
    assert host.did == [*BEFORE_IT, *ROLL[:tried], *BACK]


def test_going_back_goes_on_where_it_can_and_both_failures_are_told(said, host):
    host.fails += ["r2: steps pages", "r1: steps swap r1 web1"]
    told = refused(deploy, said, host)
    assert "r2: steps pages here: it broke." in told
    assert "And going back to release r1 failed: r1: steps swap r1 web1 here: it broke." in told
    assert "roll back without naming a release" in told
    assert host.did[-len(GOING_BACK) :] == GOING_BACK


@pytest.mark.parametrize("failing", ["swap r1 web1", "pages", "finish", "conclude", "prove", ARRIVED])
def test_what_is_told_after_going_back_has_failed_takes_everybody_where_they_were_going(said, host, failing):
    """Given a deploy that failed, and one thing that could not be done on the way back
    When that is mended, and whoever was told so rolls back without naming a release
    Then everybody goes to the release that ran before the deploy, and it is over."""
    host.fails += ["r2: steps prove", failing if failing == ARRIVED else f"r1: steps {failing}"]
    assert "Once that is mended, roll back without naming a release." in refused(deploy, said, host)
    host.fails.clear()
    host.did.clear()
    assert refused(deploy, said, host, release="r3") == "An earlier deploy was cut off: roll back to r1 first."
    rollback(said, host)
    assert host.did == BACK
    assert refused(rollback, said, host, release="r1") == "Release r1 runs already."


def test_a_deploy_that_dies_before_its_proof_goes_back_though_all_run_the_new_release(said, host):
    host.crew |= {"current": "r2", "releases": ["r2"], "left": "r1"}
    rollback(said, host, release="r1")
    assert host.did == BACK


def test_where_a_move_began_is_known_before_the_first_clone_of_any_host_and_until_it_is_proved(said):
    did = []
    one, two = StandInHost("a", clones=["web1"], did=did), StandInHost("b", clones=["web4"], did=did)
    deploy(said, one, two)
    assert did.index(f"b {SET_OUT}") < did.index("a r2: steps swap r2 web1")
    assert did.index(next(line for line in did if "r2: steps prove" in line)) < did.index(f"a {ARRIVED}")


def test_somebody_who_stops_it_gets_what_ran_before(said, host):
    def heed():
        if ROLL[0] in host.did:
            raise ClusterError("It was stopped by SIGINT.")

    assert refused(deploy, said, host, heed=heed) == "It was stopped by SIGINT. Release r1 runs again."
    assert host.did == [*BEFORE_IT, ROLL[0], *(line for line in BACK if "pages" not in line)]


def test_who_stops_it_during_the_proof_stops_what_comes_after(said, host):
    def heed():
        if ROLL[-1] in host.did:
            raise ClusterError("It was stopped by SIGINT.")

    told = refused(deploy, said, host, heed=heed)
    assert told == "Release r2 runs everywhere, but what is left of others was not removed: It was stopped by SIGINT."
    assert host.did == [*BEFORE_IT, *ROLL, ARRIVED]


def test_a_fault_of_our_own_goes_back_as_well_and_is_shown_whole(said, host):
    def heed():
        if ROLL[0] in host.did:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        deploy(said, host, heed=heed)
    assert host.did[-1] == BACK[-1]


def test_a_release_that_runs_is_not_undone_because_old_ones_cannot_be_removed(said, host):
    host.fails.append("prune")
    assert refused(deploy, said, host).startswith(
        "Release r2 runs everywhere, but what is left of others was not removed: "
    )
    assert not [line for line in host.did if "steps swap r1" in line]


def test_a_rollback_goes_to_the_one_before_or_to_the_one_that_is_named(said, host):
    host.crew["current"], host.crew["releases"] = "r2", ["r2"]
    rollback(said, host, release="r1")
    assert host.did == [
        "r1: assets --upload",
        "r1: migrate --keep-triggers",
        "r2: assets --upload",
        SET_OUT,
        *GOING_BACK[1:],
        ARRIVED,
        "r1: migrate",
    ]
    host.did.clear()
    rollback(said, host)
    moved = [line.replace("r2", "r0") for line in ROLL]
    assert host.did == [
        "r0: assets --upload",
        "r0: migrate --keep-triggers",
        "r1: assets --upload",
        SET_OUT,
        *moved,
        ARRIVED,
        "r0: migrate",
    ]


def test_what_a_setting_warns_of_is_no_part_of_the_release_before(said, host):
    host.before = "a warning; of something\nr0\n"
    rollback(said, host)
    assert host.did[-3] == "r0: steps prove r0 web1 web2 bulk relay"


@pytest.mark.parametrize("before", ["r0;reboot", "$(reboot)", "../r0", ""])
def test_a_history_that_names_no_release_is_run_by_no_shell(said, host, before):
    host.before = f"{before}\n"
    host.holds.add(before)
    assert "A release is named by" in refused(rollback, said, host)
    assert host.did == []


def test_a_rollback_that_cannot_begin_moves_nobody(said, host):
    host.fails.append("r0: migrate --keep-triggers")
    assert refused(rollback, said, host).endswith("it broke. Release r1 goes on, nothing was moved.")
    assert "    first" in said
    assert not [line for line in host.did if "swap" in line or line == SET_OUT]


def test_a_rollback_that_fails_is_undone_likewise(said, host):
    host.fails.append("r0: steps prove")
    assert refused(rollback, said, host).endswith("it broke. Release r1 runs again.")
    assert host.did[-len(BACK) :] == BACK


@pytest.mark.parametrize(
    ("release", "told"),
    [
        ("r1", "Release r1 runs already."),
        ("r7", "There is no release r7 here."),
        ("r9", "Release r9 has never run: there is nothing to go back to."),
        ("r0;reboot", "A release is named by"),
    ],
)
def test_a_rollback_to_nowhere_is_refused(said, host, release, told):
    assert told in refused(rollback, said, host, release=release)
    assert host.did == []


def test_after_a_deploy_that_was_cut_off_only_a_rollback_goes_on(said, host):
    host.crew["releases"] = ["r1", "r2"]
    assert "An earlier deploy was cut off" in refused(deploy, said, host, release="r3")
    assert "roll back to r1 first" in refused(rollback, said, host, release="r0")
    assert host.did == []
    rollback(said, host)
    assert host.did == BACK


def test_hosts_that_do_not_agree_were_cut_off_as_well(said, host):
    other = StandInHost("b")
    other.crew["current"] = other.crew["releases"][0] = "r2"
    rollback(said, host, other)
    assert "b r1: steps conclude r1" in other.did


@pytest.mark.parametrize("failing", ["tar -xf", "cluster.packages"])
def test_half_a_release_is_removed_at_once(said, host, failing):
    removed = []
    run = host.run

    def note(*commands, **options):
        removed.extend(command for command in commands if command.startswith("rm -rf"))
        if any(failing in command for command in commands):
            raise CommandFailed("No space left on device")
        return run(*commands, **options)

    host.run = note
    assert "No space left on device" in refused(deploy, said, host)
    assert removed == [f"rm -rf {rolling.HALF_WRITTEN} releases/r2", f"rm -rf {rolling.HALF_WRITTEN}"]
