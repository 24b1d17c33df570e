"""Changing a password, and getting back in without it."""

from django.contrib import messages
from django.contrib.auth import views as auth_views
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.views.generic import FormView

from accounts import limits
from accounts.forms import ChangePasswordForm, NewPasswordForm, ResetForm
from accounts.models import User
from jobs.outbox import enqueue
from scaling.retries import retried

from .answers import Answering

GONE = 410
NOBODY = 0


class ChangePassword(LoginRequiredMixin, Answering, auth_views.PasswordChangeView):
    """Every other session of this customer ends; this one goes on under a new key."""

    form_class = ChangePasswordForm
    template_name = "accounts/password.html"
    success_url = reverse_lazy("details")

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        seconds = limits.wait(request, limits.PASSWORD)
        return self.ask_to_wait(seconds) if seconds else super().post(request, *args, **kwargs)

    def form_valid(self, form: ChangePasswordForm) -> HttpResponse:
        messages.success(self.request, "Your password is changed. Everywhere else you are signed out.")
        return super().form_valid(form)

    def form_invalid(self, form: ChangePasswordForm) -> HttpResponse:
        limits.count(self.request, limits.PASSWORD)
        return super().form_invalid(form)


class AskReset(Answering, FormView):
    """Takes an e-mail and answers the same whether or not it is a customer's. A worker writes the mail."""

    form_class = ResetForm
    template_name = "accounts/password_reset.html"

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        seconds = limits.count(request, limits.RESET)
        return self.ask_to_wait(seconds) if seconds else super().post(request, *args, **kwargs)

    @retried
    @transaction.atomic
    def form_valid(self, form: ResetForm) -> HttpResponse:
        email = form.cleaned_data["email"].lower()
        known = User.objects.filter(email=email, is_active=True).values_list("pk", flat=True)
        # Written in any case: only an answer to a write carries a causal token, and that would tell.
        enqueue("accounts.tasks.send_password_reset", known.first() or NOBODY)
        return redirect("password_reset_sent")


def reset_sent(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/password_reset_sent.html")


class Reset(Answering, auth_views.PasswordResetConfirmView):
    """The page that the link in the mail opens. A link works once, for an hour."""

    form_class = NewPasswordForm
    template_name = "accounts/password_reset_confirm.html"
    success_url = reverse_lazy("sign_in")

    def form_valid(self, form: NewPasswordForm) -> HttpResponse:
        messages.success(self.request, "Your new password is set. Sign in with it.")
        return super().form_valid(form)

    def render_to_response(self, context: dict, **kwargs) -> HttpResponse:
        if not context["validlink"]:
            kwargs["status"] = GONE
        return super().render_to_response(context, **kwargs)
