"""The shop, a page that takes its time, and one that fails."""

import sys
import time

from django.http import HttpRequest, HttpResponse
from django.urls import path

from shop.urls import urlpatterns as urls


def slow(request: HttpRequest) -> HttpResponse:
    sys.stderr.write("slow begins\n")
    sys.stderr.flush()
    time.sleep(1)  # it is what has begun when the clone is told to end
    return HttpResponse("at last")


def fails(request: HttpRequest) -> HttpResponse:
    raise LookupError("a fault of this release")


urlpatterns = [*urls, path("slow/", slow), path("fails/", fails)]
