"""The shop with a page and a task that fail: what tests/shop/test_tracing.py starts."""

from importlib import import_module

from celery import shared_task
from django.http import HttpResponse
from django.urls import path

from shop.wsgi import application

__all__ = ["application"]


def burnt(request):
    raise ValueError("the page is burnt")


def sorry(request):
    """Nobody has collected static files here, which the shop's own page needs."""
    return HttpResponse(status=500)


@shared_task(name="tests.burnt")
def burn():
    raise ValueError("the task is burnt")


urls = import_module("shop.urls")
urls.urlpatterns.append(path("burnt/", burnt, name="burnt"))
urls.handler500 = sorry
