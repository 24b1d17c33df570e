"""What the shop does behind its pages: confirm orders by mail, drop streams, open the slots of the coming days."""

from celery import shared_task
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string

from jobs.tasks import outbox_task
from scaling.stores import keep

from . import exports, slots, stream  # noqa: F401, `exports` declares a kind of jobs
from .models import Order
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
    mark = f"mailed:{order.key}"
    if not keep().set(mark, "sending", nx=True, ex=SENDING_SECONDS):
        if keep().get(mark) == b"sent":
            return
        raise MailUnderWay(order.pk)
    try:
        _confirmation(order).send()
    except OSError:
        keep().delete(mark)
        raise
    keep().set(mark, "sent", ex=SENT_SECONDS)


def _confirmation(order: Order) -> EmailMessage:
    link = f"{settings.SITE_URL}{order.get_absolute_url()}?sign={signed(order.key)}"
    context = {"order": order, "lines": list(order.lines.all()), "slot": slots.slot_card(order.slot), "link": link}
    # Sent twice after all, when a worker died in between, it is one mail to whoever goes by its id.
    return EmailMessage(
        f"Your order for {context['slot']['day']:%A}: say {order.number}",
        render_to_string("mail/confirmation.txt", context),
        to=[order.email],
        headers={"Message-ID": f"<{order.key}@{settings.DEFAULT_FROM_EMAIL.rpartition('@')[2].rstrip('>')}>"},
    )


@outbox_task(batch=100)
def drop_streams(subjects: list[str]) -> None:
    """Somebody follows others than before; subjects are like `stream:12`. Their next visit builds their stream."""
    stream.drop_streams(int(subject.partition(":")[2]) for subject in subjects)


@shared_task(name="shop.tasks.open_slots")
def open_slots() -> None:
    """Every night, and harmless more often: see `slots.open_slots`."""
    slots.open_slots()
