"""Whose an order is: the customer's, or a guest's whose session has its key. The mail's link is signed instead.

Keys stand in addresses, so knowing one proves nothing.
"""

from django.contrib.auth import SESSION_KEY
from django.core import signing
from django.http import Http404, HttpRequest

from scaling.replicas import primary

from .models import Order

REMEMBERED = 20
LINK_SECONDS = 90 * 24 * 3600
SALT = "shop.order"


def find_order(key: str) -> Order | None:
    """Anybody's order with this key. Read on the primary: it may have been placed a moment ago."""
    with primary():
        return _with_lines(key)


def own_order_or_404(request: HttpRequest, key: str) -> Order:
    """The visitor's own order. Somebody else's and none at all look the same. To be looked at, it may come from a
    replica; one that is not there yet, such as by the link in the mail, is looked for on the primary."""
    order = (_with_lines(key) if request.method in ("GET", "HEAD") else None) or find_order(key)
    if order is None or not is_own(request, order):
        raise Http404("There is no order of yours here.")
    return order


def _with_lines(key: str) -> Order | None:
    return Order.objects.select_related("slot").prefetch_related("lines").filter(key=key).first()


def is_own(request: HttpRequest, order: Order) -> bool:
    if order.key in request.session.get("orders", []):
        return True
    # The session's word is enough to say no; a yes is asked of the user, whose session may have ended elsewhere.
    return SESSION_KEY in request.session and order.customer_id is not None and order.customer_id == request.user.pk


def remember(request: HttpRequest, key: str, *, among: str = "orders") -> None:
    """Let this visitor see the order again. The oldest of more than REMEMBERED is forgotten."""
    others = [other for other in request.session.get(among, []) if other != key]
    request.session[among] = [*others, key][-REMEMBERED:]


def signed(key: str, *, salt: str = SALT) -> str:
    return signing.TimestampSigner(salt=salt).sign(key)


def is_signed(key: str, signature: str, *, salt: str = SALT) -> bool:
    try:
        return signing.TimestampSigner(salt=salt).unsign(signature, max_age=LINK_SECONDS) == key
    except signing.BadSignature:
        return False
