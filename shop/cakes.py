"""Birthday cakes as the shop sells them: what was typed, what it costs, and having the picture painted."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.db import transaction
from django.urls import reverse
from django.utils.crypto import salted_hmac
from markupsafe import Markup

from jobs import cakes
from jobs.cake import options
from jobs.cake.design import Design
from jobs.cake.sketch import sketch
from jobs.models import Job, State
from scaling.replicas import primary
from scaling.retries import retried

from .models import GuestAddress

FIRST_CHOICE: dict[str, str] = {
    "inscription": "Happy Birthday, Steve!",
    "tiers": "2",
    "sponge": "vanilla",
    "cream": "cream",
    "glaze": "chocolate",
    "topping": "cherries",
    "candles": "5",
    "plate": "porcelain",
    "mood": "linen",
}
NO_WORDS = "…"
CAKES_SHOWN = 12
STATES: dict[str, str] = {
    State.QUEUED: "waits its turn",
    State.RUNNING: "being painted",
    State.DONE: "ready",
    State.FAILED: "did not come out",
    State.CANCELLED: "stopped",
}


def typed_in(posted: Mapping[str, str]) -> dict[str, str]:
    """What was chosen, and the first choice for the rest."""
    return {field: posted.get(field, first) for field, first in FIRST_CHOICE.items()}


def read(typed: Mapping[str, str]) -> tuple[Design, dict[str, str]]:
    """The design, and what is wrong with each field that cannot be made; the first choice stands in for that one."""
    values, wrong = dict(typed), {}
    for _ in FIRST_CHOICE:
        try:
            return Design.of(values), wrong
        except ValueError as error:
            wrong[error.field] = error.message
            values[error.field] = FIRST_CHOICE[error.field]
    return Design.of(FIRST_CHOICE), wrong


def drawing(design: Design, *, is_worded: bool = True) -> Markup:
    """The quick sketch, as HTML."""
    return Markup(sketch(design if is_worded else replace(design, inscription=NO_WORDS)))  # noqa: S704


@retried
@transaction.atomic
def have_painted(design: Design, owner: str, *, form_key: str, email: str = "") -> Job:
    """Queue the picture for `owner`, to be told of at `email` if that is given: the last one counts. The same form
    with the same design again is the job that is there; with another design it is another job. Raises
    `jobs.work.TooMany`."""
    key = salted_hmac("shop.cakes", f"{owner} {form_key} {design.digest}", algorithm="sha256").hexdigest()[:32]
    job = cakes.order(design, owner, key=key)
    if email:
        GuestAddress.objects.update_or_create(job_key=job.key, defaults={"email": email})
    return job


def design_of(values: Mapping[str, object]) -> Design | None:
    """A design that was kept, or None when we no longer make such a cake."""
    try:
        return Design.of(values)
    except ValueError:
        return None


def designs_now(job_keys: Iterable[str]) -> dict[str, Design]:
    """The designs of these jobs, as far as we make them, asked of the primary: they are about to be ordered."""
    with primary():
        rows = Job.objects.filter(key__in=list(job_keys), kind=cakes.CAKE.name).values_list("key", "arguments")
        found = {key: design_of(arguments) for key, arguments in rows}
    return {key: design for key, design in found.items() if design}


def pictures_of(job_keys: Iterable[str]) -> dict[str, str]:
    """Where the pictures of these jobs are, as far as there are any. Only their owner is let in there."""
    with primary():
        there = Job.objects.filter(key__in=list(job_keys)).exclude(render__picture="")
        rows = there.values_list("key", "render__picture_number")
        return {key: picture_address(key, number) for key, number in rows if number}


def cakes_of(owner: str) -> list[dict]:
    """The newest cakes of an owner, to find them again: url, words, state and picture ("" for none)."""
    if not owner:
        return []
    jobs = Job.objects.filter(owner=owner, kind=cakes.CAKE.name).select_related("render")
    return [
        {
            "url": reverse("job", args=[job.key]),
            "words": job.title,
            "state": STATES[job.state],
            "picture": picture_address(job.key, number) if (number := job.picture_number) else "",
        }
        for job in jobs.order_by("-created_at", "-pk")[:CAKES_SHOWN]
    ]


def picture_address(job_key: str, number: int) -> str:
    return f"{reverse('job_picture', args=[job_key])}?n={number}"


def name_of(design: Design) -> str:
    return f"Birthday cake, {options.TIERS[design.tiers].label.lower()}"


def words_of(design: Design) -> str:
    return " ".join(design.inscription.split())


def sheet(values: Mapping[str, object]) -> list[tuple[str, str]]:
    """What the baker reads: everything that was chosen but the words. A design of old shows what it was sold with."""
    tables = {
        "Tiers": (options.TIERS, "tiers"),
        "Sponge": (options.SPONGES, "sponge"),
        "Cream": (options.CREAMS, "cream"),
        "Glaze": (options.GLAZES, "glaze"),
        "On top": (options.TOPPINGS, "topping"),
        "Plate": (options.PLATES, "plate"),
    }
    rows = [(name, _label(table, values[field])) for name, (table, field) in tables.items() if field in values]
    if design := design_of(values):
        rows.insert(3, ("Letters", design.letters.label))
    candles = values.get("candles", 0)
    rows.insert(-1, ("Candles", str(candles or "none")))
    return rows


def _label(table: Mapping, value: object) -> str:
    choice = table.get(value)
    if choice is None:
        return str(value)
    return f"{choice.label}, for {choice.serves}" if choice.serves else choice.label
