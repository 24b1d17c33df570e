"""Answers that several private pages give."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import cache_control

private = cache_control(private=True, no_store=True)


def see_other(to, *args) -> HttpResponse:
    """303: what was posted is done, look there. A reload does not post it again."""
    response = redirect(to, *args)
    response.status_code = 303
    return response


def wants_json(request: HttpRequest) -> bool:
    """A script of our pages asks for JSON; a browser that follows a link or a form, for a page."""
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"
