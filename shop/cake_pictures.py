"""How a cake's picture goes out: through views that have asked whose it is, and never by its name in the storage."""

from django.http import FileResponse, Http404, HttpResponseBase
from django.utils.cache import patch_cache_control

from jobs import files
from jobs.cakes import picture
from jobs.models import Job

KEPT_SECONDS = 365 * 24 * 3600


def sent(job: Job, number: str | None) -> HttpResponseBase:
    """The newest picture, or the way to it. Asked for by its number it never changes, and the browser of whoever may
    see it keeps it; a way that ends soon is kept by nobody. Raises Http404."""
    for _ in range(2):  # a worker may just be putting a better one in its place
        found = picture(job)
        if found is None:
            break
        try:
            response = files.send(found.name, "image/webp")
        except FileNotFoundError:
            continue
        if isinstance(response, FileResponse) and number == str(found.number):
            del response["Cache-Control"]
            patch_cache_control(response, private=True, max_age=KEPT_SECONDS, immutable=True)
        return response
    raise Http404("There is nothing to see yet.")
