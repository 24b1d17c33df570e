"""What people are told of a cluster."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from supervisor.states import ProcessStates, getProcessStateDescription

from shop.memory import memory_mb
from shop.one_machine import WELCOME

from . import history
from .places import Places
from .supervision import Supervisor

OPENED = (
    f"{WELCOME} It takes {{memory:,}} MB of memory."
    + """

  {named}make cluster-stop closes the shop
  {named}.venv/bin/python -m cluster status shows what runs
  Everything is in {folder}, logs in shared/logs."""
)
ROW = "{:<16}{:<10}{:>8}  {:<16}  {}"


def opened(where: Places, told: Mapping[str, str]) -> str:
    memory = memory_mb(Supervisor(where).rpc.getPID())
    return OPENED.format(url=told["SITE_URL"], memory=memory, folder=where.folder, named=where.named)


def running(where: Places, told: Mapping[str, str]) -> str:
    return f"The cluster runs already, at {told['SITE_URL']}: {where.named}.venv/bin/python -m cluster status"


def is_open(where: Places) -> bool:
    return Supervisor(where).answers()


def table(where: Places) -> Iterator[str]:
    """A row for each process, but for the places of a program that are empty while another is taken."""
    yield ROW.format("program", "state", "process", "since", "release")
    for name, info in Supervisor(where).processes().items():
        if info["state"] != ProcessStates.STOPPED or ":" not in name:
            yield ROW.format(name, *_standing(info), release_of(where, name)).rstrip()


def commits(where: Places) -> Iterator[str]:
    """What the releases that run were made of."""
    names = (release_of(where, name) for name in Supervisor(where).processes())
    for release in sorted(set(filter(None, names))):
        if commit := history.commit_of(where, release):
            yield f"release {release} is commit {commit}"


def _standing(info: Mapping) -> tuple[str, str, str]:
    state = getProcessStateDescription(info["state"]).lower()
    if not info["pid"]:
        return state, "", ""
    return state, str(info["pid"]), f"{datetime.fromtimestamp(info['start']):%Y-%m-%d %H:%M}"


def release_of(where: Places, process: str) -> str:
    """What that process runs; nothing for the servers, which belong to no release."""
    program, _, slot = process.partition(":")
    link = where.slot(program, int(slot)) if slot else None
    return link.readlink().name if link and link.is_symlink() else ""
