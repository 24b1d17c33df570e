from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from jobs.triggers import suspended
from products.data import enqueue_all
from products.measuring import fill_up
from shop.loading import crowd, load_demo

MOST_PRODUCTS = 1_000_000


class Command(BaseCommand):
    help = "Load the demo bakery. What is there already is left as it is, so a second run changes nothing."

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "--products",
            metavar="N",
            help="then make up products until there are N, to measure with",
        )

    def handle(self, *, products: str | None, **options) -> None:
        total = product_count(products) if products is not None else 0
        self.stdout.write(f"Loaded: {load_demo()}.")
        if total:
            self.stdout.write(f"Made up: {self.make_up(total):,} products.")

    def make_up(self, total: int) -> int:
        """In one transaction without triggers, which would tell of every row; then everything is built anew."""
        with suspended():
            added = fill_up(total, crowd(), timezone.now())
            if added:
                enqueue_all()
        return added


def product_count(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 9 and 1 <= int(text) <= MOST_PRODUCTS):
        raise CommandError(f"--products takes a number from 1 to {MOST_PRODUCTS:,}, not {text!r}.")
    return int(text)
