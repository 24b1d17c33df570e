"""Products by the thousand, a category that holds them, an author who has reviewed them: made inside the shop."""

from typing import Any

from django.utils import timezone

from accounts.models import User
from jobs.triggers import suspended
from products.data import enqueue_all
from products.measuring import fill_up
from products.models import Category, Product, Review
from shop.loading import crowd


def make_up(total: int) -> int:
    """Have so many products, of which nothing is built. Returns how many were added."""
    with suspended():
        return fill_up(total, crowd(), timezone.now())


def gather(products: int, reviews: int) -> dict[str, Any]:
    """Put the first so many products into one category, and reviews of one author on so many of them. Then everything
    is built anew. Inside a process of the shop."""
    ids = list(Product.objects.order_by("pk").values_list("pk", flat=True)[:products])
    category, author = Category.objects.earliest("pk"), User.objects.get(email="customer-1@crowd.example")
    with suspended():
        Product.objects.filter(pk__lte=ids[-1]).update(category=category)
        Review.objects.filter(author=author).delete()
        now = timezone.now()
        said = {"author": author, "rating": 5, "body": "Gone before noon.", "created_at": now}
        Review.objects.bulk_create((Review(product_id=pk, **said) for pk in ids[:reviews]), batch_size=500)
    enqueue_all()
    slugs = Product.objects.filter(pk__in=ids[:reviews]).values_list("pk", "slug")
    paths = [Product(pk=pk, slug=slug).get_absolute_url() for pk, slug in slugs]
    return {"category": category.pk, "author": author.pk, "paths": paths}
