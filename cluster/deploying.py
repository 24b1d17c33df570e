"""A deploy: every server gets the new code while visitors are served, and afterwards nobody runs the old.

The release is put beside the one that runs, its assets are uploaded and its migrations done before anybody asks for
them. Then clone after clone is swapped, each ready before the one it replaces ends; then the workers, while the old
ones finish what they have begun; then the pages. Whatever fails stops it, and what was swapped is swapped back.
"""

import shlex
from collections.abc import Callable, Sequence

from . import releases
from .errors import ClusterError
from .hosts import CommandFailed, Host
from .rolling import Crew, Roll, Say, crew_of, last_line

TOLD_LINES = 20  # of what a command has said before it failed
STEPS = "-m", "cluster.steps"


def deploy(hosts: Sequence[Host], release: str, say: Say, heed: Callable[[], None]) -> None:
    """Raises ClusterError when it was refused, or failed and was undone."""
    refuse(release)
    crews = crews_of(hosts)
    refuse_used(crews, release)
    now = _returns_to(crews)
    if _is_cut_off(crews):
        raise ClusterError(f"An earlier deploy was cut off: roll back to {now} first.")
    new = Roll(crews, release, say, heed)
    _make_ready(new, now, new.put_in_place, new.prepare)
    _or_back(new, now)
    _tidy_up(new, new.arrive, new.settle, new.prune)


def rollback(hosts: Sequence[Host], release: str, say: Say, heed: Callable[[], None]) -> None:
    """Back to this release, or to the one before when it is empty; after a deploy that was cut off, to the one that
    ran when it began. Its code is there, and migrations only add."""
    if release:
        releases.check_name(release)
    crews = crews_of(hosts)
    now = _returns_to(crews)
    if _is_cut_off(crews):
        _mend(crews, release, say)
        return
    before = release or last_line(hosts[0].current(*STEPS, "before"))
    releases.check_name(before)
    if before == now:
        raise ClusterError(f"Release {now} runs already.")
    for host in hosts:
        if not host.run(f"if test -e releases/{shlex.quote(before)}; then echo yes; fi").strip():
            raise ClusterError(f"There is no release {before} {host.where}.")
    if not any(before in crew.used for crew in crews):
        raise ClusterError(f"Release {before} has never run: there is nothing to go back to.")
    say(f"from {now} to {before}")
    old = Roll(crews, before, say, heed)
    _make_ready(old, now, old.upload)
    _or_back(old, now)
    _tidy_up(old, old.arrive, old.settle)


def refuse(release: str) -> None:
    """What must not be deployed."""
    if not release:
        raise ClusterError("Name the release: make deploy RELEASE=r2")
    releases.check_name(release)
    if not releases.has_history():
        raise ClusterError("Only what is committed is deployed, and this is no checkout of git.")
    if releases.has_changes():
        raise ClusterError("Some changes are not committed: a release would be without them. git status shows them.")


def refuse_used(crews: Sequence[Crew], release: str) -> None:
    """What is cached, published or noted under a release's name is its own. One that nothing has ever run leaves
    nothing, and is replaced: a deploy failed before its first clone."""
    for crew in crews:
        if release in crew.used:
            raise ClusterError(f"Release {release} has run {crew.host.where} already: name another one.")


def crews_of(hosts: Sequence[Host]) -> list[Crew]:
    """Raises ClusterError where nothing runs."""
    crews = [crew_of(host) for host in hosts]
    if not any(crew.clones for crew in crews):
        raise ClusterError("The cluster is not running: make cluster starts it.")
    return crews


def _returns_to(crews: Sequence[Crew]) -> str:
    """The release that a move began from which has not come to its end; the current one when all have."""
    return next((crew.left for crew in crews if crew.left), crews[0].current)


def _is_cut_off(crews: Sequence[Crew]) -> bool:
    """Also when all run one release: it may be one that was never proved, or with pages of another."""
    found = {release for crew in crews for release in (crew.current, *crew.releases)}
    return found != {crews[0].current} or any(crew.left for crew in crews)


def _mend(crews: Sequence[Crew], release: str, say: Say) -> None:
    """Everybody to the release that was the current one when a deploy began that was cut off, or undone in part."""
    now = _returns_to(crews)
    if release not in ("", now):
        raise ClusterError(f"An earlier deploy was cut off: roll back to {now} first, by naming none.")
    say(f"an earlier deploy was cut off: everybody goes back to {now}")
    _go_back(Roll(crews, now, say, is_going_back=True), pages=True)


def _make_ready(new: Roll, now: str, *steps: Callable[[], None]) -> None:
    """What is done before anybody is moved. When it fails, the triggers that it has made go again."""
    try:
        for step in steps:
            step()
        _migrate(new, now)
    except ClusterError as error:
        _tell(error, new.say)
        raise ClusterError(f"{_sentence(error)} Release {now} goes on, nothing was moved.") from None


def _migrate(new: Roll, now: str) -> None:
    try:
        new.migrate()
        new.say(f"the tables and triggers of release {new.release} are there")
        Roll(new.crews, now, new.say, new.heed).upload()
    except ClusterError:
        Roll(new.crews, now, new.say, is_going_back=True).settle()
        raise


def _tidy_up(new: Roll, *steps: Callable[[], None]) -> None:
    """After the proof: nothing that fails here is a reason to go back."""
    try:
        for step in steps:
            step()
    except ClusterError as error:
        told = f"Release {new.release} runs everywhere, but what is left of others was not removed: {error}"
        raise ClusterError(told) from None


def _or_back(new: Roll, now: str) -> None:
    """Roll; and when that fails, roll back what has been swapped."""
    try:
        new.set_out()
        new.roll()
        new.conclude()
    except BaseException as error:
        why = _sentence(error)
        _tell(error, new.say)
        new.say(f"{why.removesuffix('.')} – going back to {now}")
        try:
            _go_back(Roll(new.crews, now, new.say, is_going_back=True), pages=new.has_moved_workers)
        except ClusterError as another:
            raise ClusterError(f"{why} And going back to release {now} failed: {another}") from None
        if isinstance(error, ClusterError):
            raise ClusterError(f"{why} Release {now} runs again.") from None
        raise


def _go_back(old: Roll, *, pages: bool) -> None:
    """As far as it can be done. Raises ClusterError with everything that could not."""
    old.migrate()
    old.roll(pages=pages)
    old.conclude()
    if not old.failed:
        old.arrive()
    if old.failed:
        told = " ".join(dict.fromkeys(map(_sentence, old.failed)))
        raise ClusterError(f"{told} Once that is mended, roll back without naming a release.")
    old.settle()


def _sentence(error: BaseException) -> str:
    """What it says, with a stop, so that another may follow."""
    why = str(error) or type(error).__name__
    return why if why.endswith((".", "!", "?", "”")) else f"{why}."


def _tell(error: BaseException, say: Say) -> None:
    """What a command has said before its last line."""
    said = error.said.splitlines() if isinstance(error, CommandFailed) else []
    for line in said[-TOLD_LINES:] if len(said) > 1 else ():
        say(f"    {line}")
