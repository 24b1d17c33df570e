"""What a page shows of its visitor, fetched apart, so that the pages themselves are the same for everybody."""

from django.contrib import messages
from django.http import HttpRequest, JsonResponse
from django.middleware.csrf import get_token
from django.views.decorators.http import require_safe

from accounts.awaited import follow_picture
from jobs.models import State
from scaling.unavailable import OUTAGES
from shop.baskets import count
from shop.counting import count_visit
from shop.job_owners import HAS_JOBS

from .answers import private

NOBODY = {"name": None, "picture": None, "notices": [], "basket": 0, "jobs": False}


@private
@require_safe
def me(request: HttpRequest) -> JsonResponse:
    """The csrf token and, unless `keep` is down, name, picture, pieces in the basket, and whether there are jobs to
    ask about. No SQL, unless a picture of the visitor is being made."""
    count_visit(request)
    return JsonResponse({"csrf": get_token(request)} | _visitor(request))


def _visitor(request: HttpRequest) -> dict:
    session = request.session
    try:
        # The session comes first: messages that were begun and not read would be written by their middleware.
        portrait = follow_picture(request)
        if portrait and portrait.state == State.FAILED:
            messages.error(request, portrait.error)
        shown = {"name": session.get("name"), "picture": session.get("picture"), "basket": count(request)}
        shown["jobs"] = session.get(HAS_JOBS, False)
        # A page that says itself what was done asks quietly: while it waits for this, its visitor may send a form,
        # and what is said of that is for the page that follows.
        said = [] if "quiet" in request.GET else messages.get_messages(request)
        return shown | {"notices": [str(message) for message in said]}
    except OUTAGES:
        return NOBODY
