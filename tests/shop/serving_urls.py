"""The shop, pages that take their time, and one that fails."""

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


def never(request: HttpRequest) -> HttpResponse:
    sys.stderr.write("never begins\n")
    sys.stderr.flush()
    time.sleep(600)  # longer than anybody is given to end
    return HttpResponse("too late")


def fails(request: HttpRequest) -> HttpResponse:
    raise LookupError("a fault of this release")


urlpatterns = [*urls, path("slow/", slow), path("never/", never), path("fails/", fails)]
