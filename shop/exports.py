"""The orders of a month as a file for the bookkeeper: too long for a page to wait for, so it is a job."""

import csv
import datetime
import io
from collections.abc import Iterator

from django.utils import timezone

from jobs.running import CannotBeDone, Running
from jobs.work import job_kind
from scaling.replicas import primary

from .models import Order
from .slots import day_range

KIND = "export"
HEADINGS = ("number", "day", "time", "state", "name", "email", "phone", "note", "goods", "total in €")
BATCH = 500
FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would work these out


@job_kind(KIND, lane="bulk", most_waiting=3, tells=False)
def export(running: Running) -> dict:
    """Write the month's orders, in the order in which they were collected. A second try writes another file of the
    same."""
    start, end = month_range(running.arguments["month"])
    with primary():
        orders = Order.objects.filter(slot__starts_at__gte=start, slot__starts_at__lt=end)
        total, text = orders.count(), io.StringIO()
        writer = csv.writer(text)
        writer.writerow(HEADINGS)
        rows = 0
        for rows, order in enumerate(_in_batches(orders), 1):
            writer.writerow(_plain(cell) for cell in _row(order))
            if rows % BATCH == 0:
                running.report(100 * rows / max(rows, total))
    return {"rows": rows, "file": running.keep("orders.csv", text.getvalue().encode("utf-8-sig"))}


def month_range(month: str) -> tuple[datetime.datetime, datetime.datetime]:
    """From its first midnight to the one after its last day. Raises CannotBeDone for no month, like 2026-13."""
    try:
        first = datetime.datetime.strptime(month, "%Y-%m").date()
        after = (first + datetime.timedelta(days=32)).replace(day=1)
    except (ValueError, OverflowError):
        raise CannotBeDone(f"There is no month “{month[:20]}”. Choose one, like 2026-11.") from None
    return day_range(first)[0], day_range(after)[0]


def _in_batches(orders) -> Iterator[Order]:
    """By slot and id: what is ordered meanwhile moves nothing that has been read."""
    rows = orders.select_related("slot").prefetch_related("lines").order_by("slot__starts_at", "pk")
    last = None
    while batch := list(_after(rows, last)[:BATCH]):
        yield from batch
        last = batch[-1]


def _after(rows, last: Order | None):
    if last is None:
        return rows
    at = last.slot.starts_at
    return rows.filter(slot__starts_at__gte=at).exclude(slot__starts_at=at, pk__lte=last.pk)


def _row(order: Order) -> tuple:
    at = timezone.localtime(order.slot.starts_at)
    goods = ", ".join(f"{line.quantity} × {line.name}" for line in order.lines.all())
    contact = (order.name, order.email, order.phone, order.note)
    total = f"{order.total_cents / 100:.2f}"
    return order.number, at.date(), f"{at:%H:%M}", order.state, *contact, goods, total


def _plain(cell: object) -> str:
    """What customers typed is text, also in a spreadsheet."""
    text = str(cell)
    return f"'{text}" if text.startswith(FORMULAS) else text
