"""What workers do for accounts: mails, and asking by e-mail."""

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from jobs.tasks import outbox_task

from . import friends, portraits  # noqa: F401, `portraits` declares a kind of jobs
from .models import User


@outbox_task()
def send_password_reset(subject: str) -> None:
    """Mail a link that sets a new password. Run twice it sends two links; using one ends the other."""
    user = User.objects.filter(pk=subject, is_active=True).first()
    if user is None:
        return
    text = render_to_string("accounts/mail/password_reset.txt", {"link": _link(user)})
    send_mail("A new password for Steve’s Bakery", text, None, [user.email])


@outbox_task()
def ask_by_email(subject: str) -> None:
    """Ask to follow whoever has an address, if anybody has; `subject` is like `12:ana@example.com`. Done behind the
    view, which thereby does and answers the same for every address. Run twice it asks once."""
    follower, _, email = subject.partition(":")
    for followed in User.objects.filter(email=email).values_list("pk", flat=True):
        friends.ask(int(follower), followed, by_email=True)


def _link(user: User) -> str:
    """The address comes from the settings: what a request says about its host is not to be trusted in a mail."""
    uid = urlsafe_base64_encode(force_bytes(user.pk))
    path = reverse("password_reset_confirm", args=[uid, default_token_generator.make_token(user)])
    return f"{settings.SITE_URL}{path}"
