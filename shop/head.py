"""An answer to HEAD is that to GET without its body. Django leaves that to the server, and gunicorn logs a warning
for each body that it has to drop."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase


class HeadMiddleware:
    """Outside of what sets Content-Length, which stays that of the body."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.method == "HEAD":
            if isinstance(response, HttpResponse):
                response.content = b""
            else:
                response.streaming_content = ()
        return response
