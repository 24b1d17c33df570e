"""Kinds of light jobs that stand in for heavy ones, and verbs by which a proof has the shop's work begin."""

from concurrent.futures import ThreadPoolExecutor

from django.db import connections

from jobs.cakes import order
from jobs.running import Running
from jobs.work import job_kind, submit

from .standin import a_cake, work


@job_kind("standin", lane="bulk", attempts=20)
def light(running: Running) -> dict:
    work("light", running.arguments["number"])
    running.report(50)
    return running.arguments


@job_kind("standin-now", lane="interactive")
def quick(running: Running) -> dict:
    return running.arguments


def submit_light(count: int, *, owner: str = "user:1", kind: str = "standin") -> None:
    for number in range(count):
        submit(kind, owner, {"number": number})


def order_cakes(count: int) -> None:
    """Each of another owner."""
    for number in range(count):
        order(a_cake(f"Cake {number}"), f"user:{number}")


def order_the_same(count: int) -> None:
    """All at once."""

    def one(number: int) -> None:
        try:
            order(a_cake("The same"), f"user:{number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(count) as pool:
        list(pool.map(one, range(count)))
