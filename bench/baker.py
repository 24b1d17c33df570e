"""A baker at work in the admin, in a browser's manner: opens a form, fills it in, sends it."""

import re
import time

from .visitor import Page, Visitor

EMAIL, PASSWORD = "ada@bakery.example", "warm-bread-7am"
PRICE = re.compile(r"prices-\d+-cents")


class Baker:
    """Signed in at `url`. Each deed returns when it was answered, of `time.monotonic`."""

    def __init__(self, url: str) -> None:
        self.visitor = Visitor(url)
        self.visitor.send(self.visitor.get("/admin/"), username=EMAIL, password=PASSWORD)

    def change_price(self, pk: int, cents: int) -> float:
        """All that it costs, at any time."""
        page = self._form(pk)
        rows = [name for name in page.form("prices-0-cents").names if PRICE.fullmatch(name)]
        return self._send(page, dict.fromkeys(rows, euros(cents)))

    def move(self, pk: int, category: int) -> float:
        return self._send(self._form(pk), {"category": category})

    def add(self, name: str, category: int, cents: int, baked_at: str) -> float:
        """With a row more for its price, as a press on the button there gives it, and one tag."""
        page = self.visitor.get("/admin/products/product/add/")
        form = page.form("name", "prices-TOTAL_FORMS")
        row = {key.replace("__prefix__", "0"): value for key, value in form.fields if key.startswith("prices-__p")}
        row |= {"prices-TOTAL_FORMS": "1", "prices-0-cents": euros(cents)}
        about = {"name": name, "slug": slug(name), "about": "New today.", "category": category}
        return self._send(page, about | row | {"baked_at": baked_at, "tags": form.choices["tags"][0]})

    def delete(self, pk: int) -> float:
        page = self.visitor.get(f"/admin/products/product/{pk}/delete/")
        return self._send(page, {"post": "yes"}, "post")

    def rename_category(self, pk: int, name: str) -> float:
        return self._send(self.visitor.get(f"/admin/products/category/{pk}/change/"), {"name": name})

    def rename_account(self, pk: int, name: str) -> float:
        return self._send(self.visitor.get(f"/admin/accounts/user/{pk}/change/"), {"name": name})

    def _form(self, pk: int) -> Page:
        return self.visitor.get(f"/admin/products/product/{pk}/change/")

    def _send(self, page: Page, changes: dict[str, object], has: str = "name") -> float:
        fields = page.form(has, "csrfmiddlewaretoken").filled(changes)
        answer = self.visitor.post(page.url, fields, follow=False)
        answered_at = time.monotonic()
        if answer.status != 302:
            wrong = re.findall(r'class="errorlist[^"]*"[^>]*>(.*?)</ul>', answer.text, re.DOTALL)
            raise AssertionError(f"The admin did not do it: {answer.status}, {wrong}")
        return answered_at


def euros(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def slug(name: str) -> str:
    return name.lower().replace(" ", "-")
