"""With both replicas half a minute behind and in service, a new review is on every page that its writer looks at."""

import re
import time

from bench.customers import customers
from bench.databases import Servers
from bench.figure import Figure, at_least, exactly
from bench.opened import PATIENCE_SECONDS, Opened, opened_shop, statements, wait_until
from bench.proofs.own_writes import ReviewForm
from bench.visitor import Visitor

DELAY_SECONDS = 30
LOOK_FOR_SECONDS = 20.0


def prove(look_for: float = LOOK_FOR_SECONDS, delay: int = DELAY_SECONDS) -> list[Figure]:
    with opened_shop(servers=Servers(lag_limit=120)) as shop:
        for replica in shop.databases.cluster.replicas:
            replica.ask("STOP SLAVE")
            replica.ask("CHANGE MASTER TO MASTER_DELAY = %s", delay)
            replica.ask("START SLAVE")
        writer, stranger = customers(shop, 1)[0], Visitor(shop.url)
        form = ReviewForm(writer, _hardly_reviewed(shop))
        wait_until(lambda: _reads_from_replicas(shop, form), PATIENCE_SECONDS, "reads from replicas alone")
        words = "It kept its promise, thirty seconds and all."
        before = _place(stranger, form)
        written_at = time.monotonic()
        form.send(words)
        seen = dict.fromkeys(("on its page", "among the reviews", "in the search", "by rating"), 0)
        looks = 0
        while time.monotonic() - written_at < look_for:
            looks += 1
            for name, is_there in _look(form, words, before).items():
                seen[name] += is_there
        is_behind = words not in stranger.get(f"{form.product}reviews/").text
        is_behind |= time.monotonic() - written_at > delay  # we have looked for too long: nobody can tell
        wait_until(lambda: words in stranger.get(f"{form.product}reviews/").text, PATIENCE_SECONDS, "the replicas")
        arrived = time.monotonic() - written_at
    what = f"Posted with both replicas {delay} s behind; looked at again and again for {look_for:g} s"
    return [
        *(exactly(f"{what}: {name}, of {looks} times", count, looks) for name, count in seen.items()),
        exactly("… and a stranger, who reads from a replica, does not see it yet", is_behind, True),
        at_least("… but does after", round(arrived), delay - 1, " s"),
    ]


def _reads_from_replicas(shop: Opened, form: ReviewForm) -> bool:
    """Whether every web process has both in service again. Each connection may meet another process."""
    pages = [Visitor(shop.url).get(f"{form.product}reviews/") for _ in range(20)]
    return not any(statements(page)["default"] for page in pages)


def _hardly_reviewed(shop: Opened) -> str:
    """The page of a product that one review of five grains moves among those of its shelf."""
    few = "SELECT product_id FROM products_review GROUP BY 1 ORDER BY count(*), avg(rating), product_id LIMIT 1"
    return Visitor(shop.url).get(f"/products/{shop.count(few)}-x/").url


def _place(visitor: Visitor, form: ReviewForm) -> int:
    """Where the product stands among all of its shelf, the best liked first."""
    product = visitor.get(form.product)
    shelf = product.link("/shelves/").split("?")[0]
    number = re.search(r"/products/(\d+)-", product.url)[1]
    links = visitor.get(f"{shelf}?sort=rating").read.links
    listed = list(dict.fromkeys(found[1] for link in links if (found := re.search(r"/products/(\d+)-", link))))
    return listed.index(number) if number in listed else len(listed)


def _look(form: ReviewForm, words: str, before: int) -> dict[str, bool]:
    customer = form.customer
    page = customer.get(form.product)
    name = re.search(r"<h1[^>]*>([^<]+)", page.text)[1]
    return {
        "on its page": words in page.text,
        "among the reviews": words in customer.get(f"{form.product}reviews/").text,
        "in the search": name in customer.get(f"/search/?q={name.split()[0]}").text,
        "by rating": _place(customer, form) < before,
    }
