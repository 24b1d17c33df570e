"""A picture that a visitor has sent and a worker makes: the session knows that it is awaited, and takes it up."""

from jobs.models import Job

from .portraits import latest
from .visitors import remember

AWAITED = "awaits_picture"  # in the session


def await_picture(request) -> None:
    request.session[AWAITED] = True


def follow_picture(request) -> Job | None:
    """The job that makes the picture sent last, until it was once seen here to have ended: from then on the session
    has what came of it."""
    if AWAITED not in request.session or not request.user.is_authenticated:
        return None
    job = latest(request.user.pk)
    if job is None or job.is_finished:
        del request.session[AWAITED]
        remember(request, request.user)
    return job
