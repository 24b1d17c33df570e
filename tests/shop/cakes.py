"""Cakes for tests of the shop: asked for through the form, and painted coat by coat when a test says so."""

from django.urls import reverse

from bench.standin import PASSES, passes
from jobs import ends
from jobs.cake.design import Design
from jobs.cakes import CAKE
from jobs.leases import Lease, claim
from jobs.models import Job, Render
from jobs.running import Running
from shop.cakes import FIRST_CHOICE

from .people import hidden

CENTS = Design.of(FIRST_CHOICE).price_cents


def form(client, **changes):
    """What the designer of this visitor would post."""
    return FIRST_CHOICE | {"key": hidden(client.get(reverse("cakes")), "key")} | changes


def ask(client, **changes):
    return client.post(reverse("cakes"), form(client, **changes))


def asked(client, **changes):
    """The job of a cake that this visitor has asked for."""
    answer = ask(client, **changes)
    assert answer.status_code == 303, answer.content.decode()
    return Job.objects.select_related("render").get(key=answer["Location"].split("/")[2])


class Painter:
    """A worker that has begun a cake."""

    def __init__(self, job):
        self.render = claim(Render, job.render_id)
        self.running = Running(self.render, CAKE, self.render.design, Lease(self.render))
        self.coats = passes(Design.of(self.render.design))

    def coat(self, count=1):
        for _ in range(count):
            coat = next(self.coats)
            left = 8 * (PASSES - coat.number)
            self.running.report(100 * coat.number / PASSES, coat.checkpoint, coat.picture, seconds_left=left)

    def finish(self):
        assert ends.finish(self.render, {"passes": PASSES})

    def fail(self):
        assert ends.fail(self.render, "OutOfColours: there is no more red")


def painted(job):
    painter = Painter(job)
    painter.coat(PASSES)
    painter.finish()
    job.refresh_from_db()
    return job


def pages_of(job):
    """Every address of a job, with how it is asked."""
    looks = [("get", reverse(name, args=[job.key])) for name in ("job", "job_picture")]
    return looks + [("post", reverse(name, args=[job.key])) for name in ("job_cancel", "job_retry", "job_basket")]


def in_basket(client, **changes):
    """A cake that this visitor has had painted and put in the basket."""
    job = painted(asked(client, **changes))
    client.post(reverse("job_basket", args=[job.key]))
    return job
