"""What the shop does behind its pages: confirm orders and tell of cakes by mail, drop streams, forget addresses, open
the slots of the coming days."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from jobs.cakes import CAKE
from jobs.cleaning import KEPT_DAYS
from jobs.models import Job, State
from jobs.tasks import outbox_task
from scaling.stores import keep

from . import exports, slots, stream  # noqa: F401, `exports` declares a kind of jobs
from .job_owners import address_of, signed_job
from .models import GuestAddress, Order
from .ownership import signed

SENDING_SECONDS = 60
SENT_SECONDS = 30 * 24 * 3600


class MailUnderWay(Exception):
    """Another worker is sending this mail. The row stays, so that it is sent again should that worker die."""


@outbox_task()
def send_confirmation(subject: str) -> None:
    """Mail the customer what was ordered and when to come. Run again, it sends nothing twice."""
    order = Order.objects.select_related("slot").filter(pk=subject).first()
    if order is None or order.state == Order.State.CANCELLED:
        return
    _send_once(f"mailed:{order.key}", _confirmation(order))


@outbox_task()
def tell(subject: str) -> None:
    """Mail whoever waits for a cake's picture that it is ready, or that it failed; `subject` is the job's key. A job
    that was tried again is told of again. Run again, it sends nothing twice."""
    job = Job.objects.filter(key=subject, kind=CAKE.name, state__in=[State.DONE, State.FAILED]).first()
    email = address_of(job) if job else ""
    if job and email:
        _send_once(f"told:{job.key}:{_end(job)}", _end_of(job, email))
    if job and job.state == State.DONE:
        GuestAddress.objects.filter(job_key=job.key).delete()  # it has served its purpose


def _send_once(mark: str, mail: EmailMessage) -> None:
    """Send it unless that was done under this mark. Raises MailUnderWay."""
    if not keep().set(mark, "sending", nx=True, ex=SENDING_SECONDS):
        if keep().get(mark) == b"sent":
            return
        raise MailUnderWay(mark)
    try:
        mail.send()
    except OSError:
        keep().delete(mark)
        raise
    keep().set(mark, "sent", ex=SENT_SECONDS)


def _end_of(job: Job, email: str) -> EmailMessage:
    """A stranger may have typed the address: the words on the cake are not in it."""
    link = f"{settings.SITE_URL}{reverse('job', args=[job.key])}?sign={signed_job(job.key)}"
    is_done = job.state == State.DONE
    return EmailMessage(
        "Your cake is ready to be looked at" if is_done else "Your cake’s picture did not come out",
        render_to_string("mail/cake.txt", {"is_done": is_done, "link": link}),
        to=[email],
        headers=_message_id(f"{job.key}-{_end(job)}"),
    )


def _end(job: Job) -> int:
    """Tells one end of a job from that of another try."""
    return int(job.finished_at.timestamp() * 1000) if job.finished_at else 0


def _message_id(name: str) -> dict[str, str]:
    """Sent twice after all, when a worker died in between, it is one mail to whoever goes by its id."""
    return {"Message-ID": f"<{name}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2].rstrip('>')}>"}


def _confirmation(order: Order) -> EmailMessage:
    link = f"{settings.SITE_URL}{order.get_absolute_url()}?sign={signed(order.key)}"
    context = {"order": order, "lines": list(order.lines.all()), "slot": slots.slot_card(order.slot), "link": link}
    return EmailMessage(
        f"Your order for {context['slot']['day']:%A}: say {order.number}",
        render_to_string("mail/confirmation.txt", context),
        to=[order.email],
        headers=_message_id(order.key),
    )


@outbox_task(batch=100)
def drop_streams(subjects: list[str]) -> None:
    """Somebody follows others than before; subjects are like `stream:12`. Their next visit builds their stream."""
    stream.drop_streams(int(subject.partition(":")[2]) for subject in subjects)


@shared_task(name="shop.tasks.forget_addresses")
def forget_addresses() -> None:
    """Every night: a week after a guest's job has ended nobody writes to them about it any more."""
    since = timezone.now() - timedelta(days=KEPT_DAYS)
    living = Job.objects.filter(Q(finished_at=None) | Q(finished_at__gte=since))
    GuestAddress.objects.exclude(job_key__in=living.values("key")).delete()


@shared_task(name="shop.tasks.open_slots")
def open_slots() -> None:
    """Every night, and harmless more often: see `slots.open_slots`."""
    slots.open_slots()
