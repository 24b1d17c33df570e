"""How the form views of accounts answer when something is not right."""

from urllib.parse import urlsplit

from django.contrib.auth.views import RedirectURLMixin
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts import limits

WRONG_INPUT = 422
NOT_A_WAY_BACK = ("sign_in", "sign_up", "sign_out")


def notices(request: HttpRequest) -> list[str]:
    """What was done a moment ago, in words; each is shown once."""
    return [str(message) for message in get_messages(request)]


class Answering:
    """For FormViews: a wrong form is a 422 with what was typed, and one try too many a 429 with the same form."""

    def get_context_data(self, **kwargs) -> dict:
        return super().get_context_data(**kwargs) | {"notices": notices(self.request)}

    def form_invalid(self, form) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=form), status=WRONG_INPUT)

    def ask_to_wait(self, seconds: int) -> HttpResponse:
        """The form as it was typed (but for passwords), unread, and when to come back."""
        kwargs = self.get_form_kwargs() | {"data": None, "files": None, "initial": self.request.POST.dict()}
        context = self.get_context_data(form=self.get_form_class()(**kwargs), wait=limits.come_back(seconds))
        return limits.too_many(self.render_to_response(context), seconds)


class WayBack(RedirectURLMixin):
    """Takes whoever has signed in back to the page of ours named in `next`, and nowhere else."""

    def get_redirect_url(self) -> str:
        back = super().get_redirect_url()
        return "" if urlsplit(back).path in map(reverse, NOT_A_WAY_BACK) else back

    def get_context_data(self, **kwargs) -> dict:
        return super().get_context_data(**kwargs) | {"next": self.get_redirect_url()}
