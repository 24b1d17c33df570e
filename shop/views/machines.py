"""For machines: what may be crawled, where are the pages and the pictures."""

from datetime import datetime
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from products.data import JOURNAL
from products.models import Article, Category, Product
from products.shelf import DEFAULT_SORT, listing_of
from scaling.queries import cached_query

PRIVATE = ("/account/", "/admin/", "/basket/", "/checkout/", "/jobs/", "/orders/", "/people/", "/search/", "/me.json")
SITEMAP_URLS = 50_000
LISTED = (listing_of(None, "", DEFAULT_SORT), JOURNAL)
PICTURE_TYPES = {".webp": "image/webp"}


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PRIVATE), f"Sitemap: {settings.SITE_URL}/sitemap.xml"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """Every page that everybody may see, up to what one sitemap may hold. The one page of the old pattern: see
    `scaling.queries`. Nobody minds if it is late."""
    categories = cached_query(Category.objects.values_list("pk", "slug"))
    # All articles: a query with the time in it would be another one each time, and never be found.
    articles = cached_query(Article.objects.values_list("pk", "slug", "published_at"))
    products = cached_query(Product.objects.published().order_by("pk").values_list("pk", "slug")[:SITEMAP_URLS])
    now = timezone.now()
    for listing in LISTED:
        listing.count()  # noted: a published sitemap is made anew when there is one more, or one less
    paths = [reverse("home"), reverse("shelves"), reverse("journal"), reverse("cakes")]
    paths += [reverse("category", args=row) for row in categories]
    paths += [reverse("article", args=[pk, slug]) for pk, slug, at in articles if datetime.fromisoformat(at) <= now]
    paths += [reverse("product", args=row) for row in products]
    urls = [settings.SITE_URL + path for path in paths[:SITEMAP_URLS]]
    return render(request, "sitemap.xml", {"urls": urls}, content_type="application/xml")


@require_safe
def media(request: HttpRequest, path: str) -> HttpResponseBase:
    """A stored picture. Names are never used twice, so a browser may keep it for good. Where pictures have addresses
    of their own, what still comes here is sent there."""
    content_type = PICTURE_TYPES.get(PurePosixPath(path).suffix)
    try:
        if content_type is None:
            raise Http404("There is no such picture.")
        url = default_storage.url(path)
        if urlsplit(url).netloc:
            return HttpResponseRedirect(url)
        response = FileResponse(default_storage.open(path), content_type=content_type)
    except (SuspiciousOperation, OSError) as error:
        raise Http404("There is no such picture.") from error
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
