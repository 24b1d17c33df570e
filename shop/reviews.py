"""Reviews as the shop sees them: who has bought, what a review must say, and what one could write about."""

from django import forms

from products.models import Review
from shop.models import Order, OrderLine

MARKS = [(1, "1, not for me"), (2, "2, so so"), (3, "3, good"), (4, "4, very good"), (5, "5, the best")]


class ReviewForm(forms.Form):
    rating = forms.TypedChoiceField(
        label="Out of five",
        coerce=int,
        choices=MARKS,
        widget=forms.RadioSelect,
        error_messages={"required": "Choose one to five grains.", "invalid_choice": "Choose one to five grains."},
    )
    body = forms.CharField(
        label="What was it like?",
        min_length=3,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 7, "dir": "auto"}),
        error_messages={
            "required": "Tell others what it was like.",
            "min_length": "A word more, please: three letters at least.",
            "max_length": "That is a little long: 2,000 letters at most.",
        },
    )


def lines_bought(user):
    """The lines of what a customer has ordered and not cancelled."""
    return OrderLine.objects.filter(order__customer=user).exclude(order__state=Order.State.CANCELLED)


def has_bought(user, product_id: int) -> bool:
    return lines_bought(user).filter(product_id=product_id).exists()


def not_yet_reviewed(user, limit: int = 3) -> list[int]:
    """Ids of products that a customer has collected and said nothing about, the latest first."""
    said = Review.objects.filter(author=user).values("product_id")
    collected = lines_bought(user).filter(order__state=Order.State.COLLECTED, product__is_published=True)
    ids = collected.exclude(product_id__in=said).order_by("-order_id").values_list("product_id", flat=True)
    return list(dict.fromkeys(ids[: limit * 8]))[:limit]
