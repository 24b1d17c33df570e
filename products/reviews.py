"""What customers say of a product: one review a customer, theirs to change and to take back.

The triggers on the table raise the product's version, so that its page follows.
"""

from collections.abc import Mapping, Sequence

from django.db import transaction

from scaling.retries import retried

from .models import Product, Review


def signed(said: Sequence[dict], authors: Mapping[int, dict]) -> list[dict]:
    """Reviews with the names of their authors, from the cards of those that have an account; "" for who has none any
    more. A name stands in one object, and not in every document that holds a review."""
    return [each | {"author": authors.get(each["author_id"], {}).get("name", "")} for each in said]


@retried
@transaction.atomic
def write_review(product_id: int, author, rating: int, body: str, is_verified: bool) -> Review:
    """Write the author's review of a product, or write it anew. What a baker has hidden stays hidden.

    Raises `Product.DoesNotExist` for a product that is not on the shelves.
    """
    Product.objects.published().only("pk").get(pk=product_id)
    said = {"rating": rating, "body": body, "is_verified": is_verified}
    return Review.objects.update_or_create(product_id=product_id, author=author, defaults=said)[0]


@retried
@transaction.atomic
def delete_review(product_id: int, author) -> bool:
    """Take the author's review of a product back. False when there was none."""
    deleted, _ = Review.objects.filter(product_id=product_id, author=author).delete()
    return bool(deleted)
