"""Customers for a proof, signed in beforehand: at the door they would be asked to slow down."""

from typing import Protocol

from .visitor import Visitor

MAKE = """
from accounts.models import User
from django.test import Client
first = User.objects.order_by("-id").values_list("id", flat=True)[0]
for number in range(first, first + {count}):
    user = User(email=f"customer-{{number}}@example.com", name=f"Customer {{number}}")
    user.set_unusable_password()
    user.save()
    client = Client()
    client.force_login(user)
    print(client.cookies["sessionid"].value)
"""


class Managed(Protocol):
    """A shop that runs, in one process or as a cluster."""

    url: str

    def manage(self, *words: str) -> str: ...


def customers(shop: Managed, count: int) -> list[Visitor]:
    """So many new ones, with the account and the session that signing up would have given them."""
    keys = shop.manage("shell", "-v", "0", "-c", MAKE.format(count=count)).split()
    return [Visitor(shop.url, {"sessionid": key}) for key in keys[-count:]]
