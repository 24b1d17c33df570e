"""python -m cluster: start, stop, move to another release and look at the whole shop on this machine."""

import argparse
import os
import sys
import time
from argparse import RawDescriptionHelpFormatter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import NoReturn

from shop.mariadb_data import MariaDBError

from . import history, steps
from .backup import back_up
from .becoming import become
from .deploying import deploy, rollback
from .environment import CLONES, read
from .errors import ClusterError
from .hosts import Host, hosts_of
from .interrupting import Interrupt
from .places import Places, places, worked_on
from .promoting import promote_replica
from .restoring import restore
from .showing import commits, is_open, opened, running, table
from .starting import start
from .stopping import stop

EPILOG = """
start    start everything, or what is down: databases, cache, keep, broker, proxy, clones, workers, relay, beat
stop     end all of it; what it holds is kept for the next start; nothing to stop is no error
status   show each process: its state, its number, since when, and which release it runs
deploy   RELEASE: put the last commit beside what runs, and move everybody to it, clone by clone, while visitors are
         served; whatever fails is undone
rollback [RELEASE]: move everybody back to the release before, or to the one that is named
join     web4 … web8: one more clone of the release that runs
leave    that clone ends, once it has answered what it has begun
promote  a replica becomes the primary: the one that has come farthest, or the one at --port
backup   FOLDER: a copy of what cannot be made again, while the shop is open
restore  FOLDER: a cluster made of such a copy where there is none; then start it
run      PROGRAM: what the process manager says to become a server; nothing for people

--hosts  deploy, rollback: user@host:port,… with a cluster's folder each, over SSH; this machine when it is left out.
         Their keys must be in ~/.ssh/known_hosts; --identity FILE, ~/.ssh/config or an agent opens them

Its folder is CLUSTER_DIR (.state/cluster when that is not set), the shop's port PORT (8080), and further names by
which it is asked HOSTS. CLUSTER_VENV: packages for every release instead of its own. See docs/cluster.md.
"""


Move = Callable[[Sequence[Host], str, Callable[[str], None], Callable[[], None]], None]


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """In one line, without the grammar of it all."""
        self.exit(2, f"{self.prog}: {message}. See python -m cluster --help\n")


def main() -> None:
    arguments = parser().parse_args()
    try:
        sys.exit(arguments.verb(arguments))
    except (ClusterError, MariaDBError) as reason:
        sys.exit(str(reason))


def parser() -> Parser:
    whole = Parser(
        prog="python -m cluster",
        description="The whole shop on this machine, as it is in production.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    verbs = whole.add_subparsers(dest="verb_name", metavar="VERB", required=True, help="what to do, see below")
    for name, verb in VERBS.items():
        verbs.add_parser(name).set_defaults(verb=verb)
    for name, verb in MOVES.items():
        move = verbs.add_parser(name)
        move.add_argument("release", nargs="?", default="")
        move.add_argument("--hosts", default="", help="user@host,…; this machine when it is left out")
        move.add_argument("--identity", default="", metavar="FILE", help="the key that opens these hosts")
        move.set_defaults(verb=partial(move_to, verb))
    for name in ("join", "leave"):
        clone = verbs.add_parser(name)
        clone.add_argument("clone", choices=CLONES, metavar="CLONE")
        clone.set_defaults(verb=join if name == "join" else leave)
    for name, copy in COPIES.items():
        copying = verbs.add_parser(name)
        copying.add_argument("folder", type=Path, metavar="FOLDER")
        copying.set_defaults(verb=copy)
    new = verbs.add_parser("promote")
    new.add_argument("--port", type=int)
    new.set_defaults(verb=promote_one)
    run = verbs.add_parser("run")  # for the process manager
    run.add_argument("program")
    run.set_defaults(verb=lambda arguments: become(places(), arguments.program))
    return whole


def start_all(arguments) -> int:
    where, began = places(), time.monotonic()
    with worked_on(where):
        is_new = start(where, lambda line: say(f"{time.monotonic() - began:6.1f} s  {line}"))
    told = read(where.env)
    say(opened(where, told) if is_new else running(where, told))
    return 0


def stop_all(arguments) -> int:
    where = places()
    if not where.folder.exists():
        say("There is no cluster here: nothing to stop.")
        return 0
    with worked_on(where):
        was_open = stop(where)
    say(f"The cluster is stopped. What it holds is in {where.folder}." if was_open else "Nothing was running.")
    return 0


def show(arguments) -> int:
    """Status 1 where nothing runs."""
    where = places()
    if not is_open(where):
        say("The cluster is not running: make cluster starts it.")
        return 1
    for line in (*table(where), *commits(where)):
        say(line)
    return 0


def move_to(verb: Move, arguments) -> int:
    where, began = places(), time.monotonic()
    named = arguments.hosts.replace(",", " ").split()
    hosts, stop = hosts_of(str(where.folder), named, arguments.identity), Interrupt()
    with ExitStack() as held, stop.noted():
        for host in hosts:
            held.enter_context(host.claimed())
        verb(hosts, arguments.release, lambda line: say(f"{time.monotonic() - began:6.1f} s  {line}"), stop.heed)
    return 0


def join(arguments) -> int:
    where = opened_place()
    with worked_on(where):
        steps.step(where, "begin", history.current(where), arguments.clone)
    say(f"{arguments.clone} answers visitors.")
    return 0


def leave(arguments) -> int:
    where = opened_place()
    with worked_on(where):
        steps.step(where, "end", arguments.clone)
    say(f"{arguments.clone} has ended.")
    return 0


def promote_one(arguments) -> int:
    where = opened_place()
    with worked_on(where):
        promote_replica(where, arguments.port, say)
    return 0


def back_up_all(arguments) -> int:
    where, folder = opened_place(), arguments.folder.absolute()
    with worked_on(where):
        back_up(where, folder, say)
    say(f"The backup is in {folder}. It holds every secret: keep it as you keep those.")
    return 0


def restore_all(arguments) -> int:
    where, folder = places(), arguments.folder.absolute()
    with worked_on(where):
        restore(where, folder, say)
    say(f"{where.folder} is as it was then: {where.named}.venv/bin/python -m cluster start")
    return 0


def opened_place() -> Places:
    """The cluster that runs, with the environment of its processes around us."""
    where = places()
    if not is_open(where):
        raise ClusterError("The cluster is not running: make cluster starts it.")
    os.environ.update(read(where.env) | {"RELEASE": history.current(where)})
    return where


def say(line: str) -> None:
    """A terminal that has gone keeps nobody from going back."""
    with suppress(OSError):
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()


VERBS = {"start": start_all, "stop": stop_all, "status": show}
COPIES = {"backup": back_up_all, "restore": restore_all}
MOVES: dict[str, Move] = {"deploy": deploy, "rollback": rollback}

if __name__ == "__main__":
    main()
