"""The bakehouse: Django's admin, reading what it edits from the primary and slow to those who guess passwords."""

from functools import wraps

from django import forms
from django.contrib.admin import AdminSite
from django.contrib.admin.forms import AdminAuthenticationForm
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import SimpleTemplateResponse, TemplateResponse
from django.urls import path
from django.utils import timezone

from accounts.limits import SIGN_IN, come_back, count, too_many
from scaling.census import SHARE_MINUTES
from scaling.replicas import primary
from scaling.standing import standings

from .admin_alarm import alarm
from .admin_fleet import fleet_page
from .admin_sampler import sampler_page
from .models import Order


class SignInForm(AdminAuthenticationForm):
    """Tries here and in the shop are counted together: neither is a way round the other's limit."""

    def clean(self):
        self.request.seconds_to_wait = count(self.request, SIGN_IN)
        if self.request.seconds_to_wait:
            raise forms.ValidationError(come_back(self.request.seconds_to_wait), "too_often")
        return super().clean()


def on_primary(view):
    """A form must show what is stored now, not what a replica last heard of; the template reads, too."""

    @wraps(view)
    def reading_the_primary(request, *args, **options):
        with primary():
            response = view(request, *args, **options)
            return response.render() if isinstance(response, SimpleTemplateResponse) else response

    return reading_the_primary


class BakerySite(AdminSite):
    site_header = "Steve’s Bakery"
    site_title = "Steve’s Bakery"
    index_title = "The bakehouse"
    login_form = SignInForm

    def admin_view(self, view, cacheable=False):
        return super().admin_view(on_primary(view), cacheable)

    def get_urls(self):
        return [
            path("replicas/", self.admin_view(self.replicas), name="replicas"),
            path("fleet/", self.admin_view(fleet_page), name="fleet"),
            path("sampler/", self.admin_view(sampler_page), name="sampler"),
            *super().get_urls(),
        ]

    def replicas(self, request: HttpRequest) -> HttpResponse:
        """How the databases stand, for superusers: the same as `manage.py replicas`."""
        if not request.user.is_superuser:
            raise PermissionDenied
        context = self.each_context(request) | {"standings": standings(), "minutes": SHARE_MINUTES}
        return TemplateResponse(request, "admin/replicas.html", context | {"title": "Replicas"})

    def login(self, request, extra_context=None):
        response = super().login(request, extra_context)
        seconds = getattr(request, "seconds_to_wait", 0)
        return too_many(response, seconds) if seconds else response

    def index(self, request, extra_context=None):
        open_orders = Order.objects.filter(state=Order.State.PLACED, slot__starts_at__date=timezone.localdate())
        shown = {"open_today": open_orders.count(), "alarm": alarm(request)}
        return super().index(request, shown | (extra_context or {}))
