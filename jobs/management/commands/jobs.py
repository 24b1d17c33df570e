"""Tell how jobs, queues and workers stand; try a job again, or cancel it; look into the dead letters."""

from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.backlog import age
from jobs.models import Job
from jobs.overview import Lane, alive_or_none, lanes
from jobs.queues import dead_letters, empty_dead_letters
from jobs.work import TooMany, cancel, retry
from scaling.unavailable import OUTAGES

HEADINGS = ("queued", "running", "failed", "oldest", "messages", "workers")
WIDTH = 12
SHOWN = 50


class Command(BaseCommand):
    help = "Tell how many jobs wait and run in each queue, for how long, and which workers live."

    def add_arguments(self, parser: CommandParser) -> None:
        either = parser.add_mutually_exclusive_group()
        either.add_argument("--retry", metavar="KEY", help="try a job again that has failed or was cancelled")
        either.add_argument("--cancel", metavar="KEY", help="cancel a job that has not ended")
        either.add_argument("--dead", action="store_true", help="show the messages that no worker keeps")
        either.add_argument("--empty-dead", action="store_true", help="throw these away")

    def handle(self, *args: Any, **options: Any) -> None:
        current_app.loader.import_default_modules()
        try:
            self.stdout.write(self.answer(options))
        except OUTAGES as error:
            raise CommandError(f"A server does not answer: {error}") from error

    def answer(self, options: dict[str, Any]) -> str:
        if options["retry"] is not None:
            return _retried(_found(options["retry"]))
        if options["cancel"] is not None:
            return _cancelled(_found(options["cancel"]))
        if options["dead"]:
            return "\n".join(_dead())
        if options["empty_dead"]:
            return f"{empty_dead_letters()} dead letters are thrown away."
        return "\n".join([_table(lanes()), "", *_unfinished(), "", *_workers()])


def _found(key: str) -> Job:
    job = Job.objects.filter(key=key).first()
    if job is None:
        raise CommandError(f"There is no job “{key}”.")
    return job


def _retried(job: Job) -> str:
    try:
        if not retry(job):
            raise CommandError(f"The job is {job.state}: there is nothing to try again.")
    except TooMany as refusal:
        raise CommandError(f"{refusal}: cancel one first.") from refusal
    return f"{job} waits again."


def _cancelled(job: Job) -> str:
    if not cancel(job):
        raise CommandError("The job had ended before.")
    return f"{job} is cancelled."


def _dead() -> list[str]:
    """The oldest first, so many of them."""
    letters = [f"{each.task}{each.arguments}  from {each.lane}: {each.why}" for each in dead_letters(SHOWN)]
    return letters or ["There are no dead letters."]


def _table(found: list[Lane]) -> str:
    lines = ["".ljust(WIDTH) + "".join(heading.rjust(WIDTH) for heading in HEADINGS)]
    for lane in found:
        numbers = (lane.queued, lane.running, lane.failed, age(lane.oldest), lane.messages, lane.workers)
        shown = ("?" if number is None else str(number) for number in numbers)
        lines.append(lane.name.ljust(WIDTH) + "".join(number.rjust(WIDTH) for number in shown))
    return "\n".join(lines)


def _unfinished() -> list[str]:
    """The oldest first, so many of them."""
    jobs = Job.objects.unfinished().select_related("render").order_by("pk")[:SHOWN]
    return [_line(job) for job in jobs] or ["No job waits or runs."]


def _line(job: Job) -> str:
    work = job.render or job
    where = f"by {work.worker}, attempt {work.attempt}, {work.progress} %" if job.state == "running" else ""
    return f"{job.key}  {job.kind:12} {job.state:8} {job.owner:20} {where} {work.error}".rstrip()


def _workers() -> list[str]:
    found = alive_or_none()
    if found is None:
        return ["Nobody can tell which workers live: `keep` is away."]
    return [f"{each.name}  {', '.join(each.lanes)}  release {each.release}" for each in found] or ["No worker lives."]
