"""Birthday cakes: a design is drawn once, however many ask for it."""

from typing import Any, NamedTuple, Protocol

from django.db import connection, transaction

from scaling.retries import retried

from .kinds import JobKind, declare
from .models import Job, Render
from .work import submit

MOST_WAITING = 3
CAKE = declare(JobKind("cake", "render", most_waiting=MOST_WAITING))


class Design(Protocol):
    """What is asked of a design (`jobs.cake.design`)."""

    @property
    def inscription(self) -> str: ...

    @property
    def digest(self) -> str: ...

    def as_dict(self) -> dict[str, Any]: ...


class Picture(NamedTuple):
    """The newest picture of a cake. `number` rises with each better one; `is_final` says that none will follow."""

    number: int
    is_final: bool
    name: str  # of its file, see `jobs.files`


@retried
@transaction.atomic
def order(design: Design, owner: str, *, key: str | None = None) -> Job:
    """Have a cake drawn for `owner`. The same `key` from the same owner again is the job that is there. Raises
    TooMany past three unfinished ones."""
    render = _render_of(design)
    title = " ".join(design.inscription.split())
    return submit(CAKE.name, owner, design.as_dict(), title=title, key=key, render=render)


def _render_of(design: Design) -> Render:
    """The design's one row, locked. Of many who want to make it at once one does; the others wait and find it: the
    upsert locks the row as an update would, where a failed insert would only share it and then meet the others."""
    rows = Render.objects.select_for_update().filter(digest=design.digest)
    if render := rows.first():
        return render
    row = Render(digest=design.digest, design=design.as_dict(), last_attempt=CAKE.attempts)
    target = ["digest"] if connection.features.supports_update_conflicts_with_target else None
    Render.objects.bulk_create([row], update_conflicts=True, update_fields=["digest"], unique_fields=target)
    return rows.get()


def picture(job: Job) -> Picture | None:
    """What the cake looks like so far, or None while there is nothing to see. Whose job it is was asked before."""
    render = Render.objects.filter(jobs=job).first()
    if render is None or not render.picture:
        return None
    return Picture(render.picture_number, render.is_finished, render.picture)
