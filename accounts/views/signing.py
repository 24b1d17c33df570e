"""Signing up, in and out. The session gets a new key on the way in and is gone from the server on the way out."""

from django.contrib import messages
from django.contrib.auth import login, logout
from django.contrib.auth.views import LoginView
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST
from django.views.generic import FormView

from accounts import limits
from accounts.forms import TAKEN, SignInForm, SignUpForm

from .answers import Answering, WayBack


class SignIn(Answering, WayBack, LoginView):
    """By e-mail and password. Only tries that fail are counted, so a busy household is not locked out."""

    authentication_form = SignInForm
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        seconds = limits.wait(request, limits.SIGN_IN)
        return self.ask_to_wait(seconds) if seconds else super().post(request, *args, **kwargs)

    def form_invalid(self, form: SignInForm) -> HttpResponse:
        limits.count(self.request, limits.SIGN_IN)
        return super().form_invalid(form)


@method_decorator([sensitive_post_parameters(), never_cache], "dispatch")
class SignUp(Answering, WayBack, FormView):
    """Opens an account and signs in at once: what was put in the basket before stays in it."""

    form_class = SignUpForm
    template_name = "accounts/sign_up.html"
    next_page = "account"

    def dispatch(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.user.is_authenticated:
            return redirect(self.get_success_url())
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args, **kwargs) -> HttpResponse:
        seconds = limits.count(request, limits.SIGN_UP)
        return self.ask_to_wait(seconds) if seconds else super().post(request, *args, **kwargs)

    def form_valid(self, form: SignUpForm) -> HttpResponse:
        try:
            with transaction.atomic():
                user = form.save()
        except IntegrityError:  # somebody opened one with this address since the form was checked
            form.add_error("email", TAKEN)
            return self.form_invalid(form)
        login(self.request, user)
        messages.success(self.request, f"Welcome, {user.get_short_name()}. Your account is open.")
        return redirect(self.get_success_url())


@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """Ends the session on the server: its old cookie opens nothing any more."""
    logout(request)
    messages.success(request, "You are signed out.")
    return redirect("sign_in")
