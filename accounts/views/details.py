"""A customer's own details and picture."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import limits
from accounts.awaited import await_picture, follow_picture
from accounts.forms import TAKEN, DetailsForm, PictureForm
from accounts.models import User
from accounts.portraits import change_picture, remove_picture
from accounts.visitors import remember
from jobs.models import State
from scaling.retries import retried

from .answers import WRONG_INPUT, notices


@never_cache
@sensitive_post_parameters("password")
@login_required
def details(request: HttpRequest) -> HttpResponse:
    """Name, phone and e-mail. A wrong password counts against the same limit as at the change of a password."""
    user = User.objects.get(pk=request.user.pk)
    if request.method != "POST":
        return _page(request, details=DetailsForm(user=user))
    seconds = limits.wait(request, limits.PASSWORD)
    if seconds:
        return limits.too_many(
            _page(request, details=_unread(request, user), wait=limits.come_back(seconds)), seconds
        )
    form = DetailsForm(request.POST, user=user)
    if not _save(form):
        if "password" in form.errors:
            limits.count(request, limits.PASSWORD)
        return _page(request, details=form, status=WRONG_INPUT)
    remember(request, user)
    messages.success(request, "Your details are saved.")
    return redirect("details")


def _unread(request: HttpRequest, user: User) -> DetailsForm:
    return DetailsForm(initial=request.POST.dict(), user=user)


@retried
def _save(form: DetailsForm) -> bool:
    try:
        with transaction.atomic():
            if form.is_valid():
                form.save()
    except IntegrityError:  # somebody took this address since the form was checked
        form.add_error("email", TAKEN)
    return not form.errors


@require_POST
@login_required
@limits.limited(limits.PICTURE)
def picture(request: HttpRequest) -> HttpResponse:
    """Take a new picture, or with the button `remove` let go of the old one."""
    form = PictureForm(request.POST, request.FILES)
    if "remove" in request.POST:
        remove_picture(request.user)
        remember(request, request.user)
        messages.success(request, "Your picture is gone.")
    elif _take(form, request.user):
        await_picture(request)
    else:
        return _page(request, picture=form, status=WRONG_INPUT)
    return redirect("details")


def _take(form: PictureForm, user: User) -> bool:
    try:
        if form.is_valid():
            change_picture(user, form.cleaned_data["picture"])
    except ValidationError as error:
        form.add_error("picture", error)
    return form.is_valid()


def _page(request: HttpRequest, *, details=None, picture=None, status: int = 200, wait: str = "") -> HttpResponse:
    portrait = follow_picture(request)
    context = {
        "details": details or DetailsForm(user=request.user),
        "picture_form": picture or PictureForm(),
        "is_awaited": portrait is not None and not portrait.is_finished,
        "failed": portrait.error if portrait and portrait.state == State.FAILED else "",
        "portrait": request.session.get("picture"),
        "notices": notices(request),
        "wait": wait,
    }
    return render(request, "accounts/details.html", context, status=status)
