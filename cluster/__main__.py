"""python -m cluster: start, stop and look at the whole shop on this machine."""

import argparse
import sys
import time
from argparse import RawDescriptionHelpFormatter

from shop.mariadb_data import MariaDBError

from .becoming import become
from .environment import read
from .errors import ClusterError
from .places import claimed, places
from .showing import is_open, opened, table
from .starting import start
from .stopping import stop

EPILOG = """
start    start everything, or what is down: databases, cache, keep, broker, proxy, clones, workers, relay, beat
stop     end all of it; what it holds is kept for the next start; nothing to stop is no error
status   show each process: its state, its number, since when, and which release it runs

Its folder is CLUSTER_DIR (.state/cluster when that is not set), the shop's port PORT (8080), and further names by
which it is asked HOSTS. CLUSTER_VENV: packages for every release instead of its own. See docs/cluster.md.
"""


def main() -> None:
    arguments = parser().parse_args()
    try:
        sys.exit(arguments.verb(arguments))
    except (ClusterError, MariaDBError) as reason:
        sys.exit(str(reason))


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(
        prog="python -m cluster",
        description="The whole shop on this machine, as it is in production.",
        epilog=EPILOG,
        formatter_class=RawDescriptionHelpFormatter,
    )
    verbs = whole.add_subparsers(metavar="VERB", required=True, help="what to do, see below")
    for name, verb in VERBS.items():
        verbs.add_parser(name).set_defaults(verb=verb)
    run = verbs.add_parser("run")  # for the process manager
    run.add_argument("program")
    run.set_defaults(verb=lambda arguments: become(places(), arguments.program))
    return whole


def start_all(arguments) -> int:
    where, began = places(), time.monotonic()
    with claimed(where):
        is_new = start(where, lambda line: say(f"{time.monotonic() - began:6.1f} s  {line}"))
    say(opened(where, read(where.env)) if is_new else "The cluster is running already: python -m cluster status")
    return 0


def stop_all(arguments) -> int:
    where = places()
    if not where.folder.exists():
        say("There is no cluster here: nothing to stop.")
        return 0
    with claimed(where):
        was_open = stop(where)
    say(f"The cluster is stopped. What it holds is in {where.folder}." if was_open else "Nothing was running.")
    return 0


def show(arguments) -> int:
    """Status 1 where nothing runs."""
    where = places()
    if not is_open(where):
        say("The cluster is not running: make cluster starts it.")
        return 1
    for line in table(where):
        say(line)
    return 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


VERBS = {"start": start_all, "stop": stop_all, "status": show}

if __name__ == "__main__":
    main()
