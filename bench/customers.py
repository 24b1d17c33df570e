"""Customers for a proof, signed in beforehand: at the door they would be asked to slow down."""

from .opened import Opened
from .visitor import Visitor

MAKE = """
from accounts.models import User
from django.test import Client
for number in range({first}, {first} + {count}):
    user = User(email=f"customer-{{number}}@example.com", name=f"Customer {{number}}")
    user.set_unusable_password()
    user.save()
    client = Client()
    client.force_login(user)
    print(client.cookies["sessionid"].value)
"""


def customers(shop: Opened, count: int) -> list[Visitor]:
    """So many new ones, with the account and the session that signing up would have given them."""
    first = shop.count("SELECT max(id) FROM accounts_user")
    keys = shop.manage("shell", "-v", "0", "-c", MAKE.format(first=first, count=count)).split()
    return [Visitor(shop.url, {"sessionid": key}) for key in keys[-count:]]
