"""Whose a job is: a customer's, or a guest's whose session holds a random id. The mail's link is signed instead.

A job's key is its address, and nobody guesses it; but addresses are passed on, so knowing one proves nothing.
"""

import secrets

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.dispatch import receiver
from django.http import Http404, HttpRequest

from accounts.models import User
from jobs import owners
from jobs.cakes import CAKE
from jobs.models import Job
from jobs.work import hand_over

from .models import GuestAddress
from .ownership import is_signed, remember, signed

GUEST = "guest"  # in the session: 32 hex digits
HAS_JOBS = "has_jobs"  # in the session: whether it is worth asking how they stand
REMEMBERED_JOBS = "jobs"  # in the session: keys that came in by a signed link
SALT = "shop.job"


def owner_of(request: HttpRequest, *, opened: bool = False) -> str:
    """Who the visitor is to `jobs`. With `opened` a guest without an id gets one; otherwise it is ""."""
    if SESSION_KEY in request.session:
        # A session may have been ended from elsewhere, and only the user knows.
        return said_owner_of(request) if request.user.is_authenticated else ""
    return said_owner_of(request, opened=opened)


def said_owner_of(request: HttpRequest, *, opened: bool = False) -> str:
    """The same by the session's word alone, which costs no SQL: enough to say how things stand."""
    session = request.session
    if SESSION_KEY in session:
        return owners.of_user(session[SESSION_KEY])
    if opened and GUEST not in session:
        session[GUEST] = secrets.token_hex(16)
    return owners.of_guest(session[GUEST]) if GUEST in session else ""


def job_or_404(request: HttpRequest, key: str) -> Job:
    """A cake to look at: the visitor's own, or one whose link they were given. Any other's and none at all look the
    same."""
    job = Job.objects.filter(key=key, kind=CAKE.name).select_related("render").first()
    if job is None or not (key in request.session.get(REMEMBERED_JOBS, []) or is_own_job(request, job)):
        raise Http404("There is no picture of yours here.")
    return job


def own_job_or_404(request: HttpRequest, key: str) -> Job:
    """The visitor's own cake, to be stopped or tried again: a link that was passed on is not enough."""
    job = job_or_404(request, key)
    if not is_own_job(request, job):
        raise Http404("This picture is somebody else's.")
    return job


def is_own_job(request: HttpRequest, job: Job) -> bool:
    return job.owner == owner_of(request)


def remember_job(request: HttpRequest, key: str) -> None:
    """Let this visitor see that job again, and no other of its owner's."""
    remember(request, key, among=REMEMBERED_JOBS)


def signed_job(key: str) -> str:
    return signed(key, salt=SALT)


def is_signed_job(key: str, signature: str) -> bool:
    return is_signed(key, signature, salt=SALT)


def address_of(job: Job) -> str:
    """Where its owner is written to, "" for nowhere: the account's address, or the one that a guest has left."""
    if user := owners.user_of(job.owner):
        return User.objects.filter(pk=user, is_active=True).values_list("email", flat=True).first() or ""
    return GuestAddress.objects.filter(job_key=job.key).values_list("email", flat=True).first() or ""


@receiver(user_logged_in)
def hand_over_at_sign_in(sender, request: HttpRequest, user, **kwargs) -> None:
    """What a guest had begun is the customer's from now on, whether they signed in or opened an account."""
    guest = request.session.pop(GUEST, "")
    if guest:
        hand_over(owners.of_guest(guest), owners.of_user(user.pk))
    request.session[HAS_JOBS] = True  # perhaps from another device: the first answer tells, and takes it back
