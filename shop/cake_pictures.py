"""How a cake's picture goes out: through views that have asked whose it is, and never by its name in the storage."""

from django.http import FileResponse, Http404
from django.utils.cache import patch_cache_control

from jobs.cakes import picture
from jobs.models import Job

KEPT_SECONDS = 365 * 24 * 3600


def sent(job: Job, number: str | None) -> FileResponse:
    """The newest picture. Asked for by its number it never changes, and the browser of whoever may see it keeps it.
    Raises Http404."""
    found = picture(job)
    if found is None:
        raise Http404("There is nothing to see yet.")
    response = FileResponse(found.file, content_type="image/webp")
    if number == str(found.number):
        patch_cache_control(response, private=True, max_age=KEPT_SECONDS, immutable=True)
    else:
        patch_cache_control(response, private=True, no_store=True)
    return response
