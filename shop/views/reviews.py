"""Writing, changing and taking back one's own review of a product."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import limits
from products.models import Product, Review
from products.reviews import delete_review, write_review
from scaling.replicas import primary
from shop.reviews import ReviewForm, has_bought

WRONG_INPUT = 422
DRAFT = "review_draft"  # in the session: what was typed by somebody who had to sign in first
TYPED_CHARACTERS = 2000


@never_cache
def review(request: HttpRequest, pk: int) -> HttpResponse:
    product = _product(pk)
    if not request.user.is_authenticated:
        return _sign_in_first(request, product)
    if request.method != "POST":
        return _page(request, product, ReviewForm(initial=_typed_before(request, product)))
    if seconds := limits.count(request, limits.REVIEW):
        form = ReviewForm(initial=request.POST.dict())
        return limits.too_many(_page(request, product, form, wait=limits.come_back(seconds)), seconds)
    form = ReviewForm(request.POST)
    if not form.is_valid():
        return _page(request, product, form, status=WRONG_INPUT)
    write_review(product.pk, request.user, **form.cleaned_data, is_verified=has_bought(request.user, product.pk))
    messages.success(request, "Thank you. Your review is on its way to the page.")
    return redirect(f"{product.get_absolute_url()}#reviews")


@require_POST
@login_required
@limits.limited(limits.REVIEW)
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Takes the customer's own review back; there is no way to name somebody else's."""
    if not delete_review(pk, request.user):
        raise Http404
    messages.success(request, "Your review is taken back.")
    return redirect("account")


def _product(pk: int) -> Product:
    with primary():
        return get_object_or_404(Product.objects.published().select_related("category"), pk=pk)


def _sign_in_first(request: HttpRequest, product: Product) -> HttpResponse:
    """Nothing typed is lost: the session is kept through the sign-in, and the form comes back filled in."""
    if request.method == "POST" and not limits.count(request, limits.DRAFT):
        body = request.POST.get("body", "")[:TYPED_CHARACTERS]
        request.session[DRAFT] = {"product": product.pk, "rating": request.POST.get("rating", "")[:1], "body": body}
    return redirect_to_login(request.path)


def _typed_before(request: HttpRequest, product: Product) -> dict:
    draft = request.session.get(DRAFT)
    if draft and draft["product"] == product.pk:
        return request.session.pop(DRAFT)
    written = _written(request, product)
    return {"rating": written.rating, "body": written.body} if written else {}


def _written(request: HttpRequest, product: Product) -> Review | None:
    with primary():
        return Review.objects.filter(product=product, author=request.user).first()


def _page(request: HttpRequest, product: Product, form: ReviewForm, *, status=200, wait="") -> HttpResponse:
    context = {
        "product": {"id": product.pk, "name": product.name, "url": product.get_absolute_url()},
        "form": form,
        "is_written": _written(request, product) is not None,
        "is_verified": has_bought(request.user, product.pk),
        "wait": wait,
    }
    return render(request, "review.html", context, status=status)
