"""Answers that several private pages give."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.cache import cache_control

private = cache_control(private=True, no_store=True)


def see_other(to, *args) -> HttpResponse:
    """303: what was posted is done, look there. A reload does not post it again."""
    response = redirect(to, *args)
    response.status_code = 303
    return response
