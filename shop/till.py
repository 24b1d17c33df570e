"""What a basket comes to: its lines as they are shown, each with today's price and what is in its way.

How a product looks comes from its cached card. What it costs and how many are left is asked of the primary, because
somebody is about to order at that price.
"""

from collections.abc import Iterable

from django.utils import timezone

from jobs.cake.design import Design
from products.assembly import price_now
from products.data import cards
from products.models import Price, Product, Stock
from scaling.replicas import primary

from .baskets import MAX_QUANTITY, Basket
from .cakes import designs_now, drawing, name_of, pictures_of, words_of

MAX_CAKES = 3  # in one order: more than a quarter of an hour can hand over are never ready together


def reckon(basket: Basket) -> dict:
    """lines, cakes, pieces, total and saved in cents, labels of promotions; is_gone: some of it; is_ready to be
    ordered; is_empty."""
    held, cakes_held = basket.contents()
    cakes = _cakes(cakes_held)
    looks, offers, left, names = cards(held), offers_now(held), stock_now(held), names_now(held)
    lines = []
    for product_id, line in held.items():
        name, is_published = names.get(product_id, ("Something we no longer bake", False))
        look = looks.get(product_id, {}) if is_published else {}
        whole = {"id": product_id, "name": name} | look | offers.get(product_id, {})
        lines.append(_line(whole, line.quantity, line.cents, left.get(product_id, 0) if look else 0))
    sold = [line for line in lines if line["trouble"] != "gone"]
    sold_cakes = [cake for cake in cakes if cake["trouble"] != "gone"]
    return {
        "lines": lines,
        "cakes": cakes,
        "pieces": sum(line["quantity"] for line in sold) + len(sold_cakes),
        "total": sum(line["cents"] for line in [*sold, *sold_cakes]),
        "saved": sum(line["saved"] for line in sold),
        "labels": sorted({line["label"] for line in sold if line["saved"] and line["label"]}),
        "is_gone": len(sold) + len(sold_cakes) < len(lines) + len(cakes),
        "is_ready": bool(lines or cakes) and not any(line["trouble"] for line in [*lines, *cakes]),
        "is_empty": not (lines or cakes),
        "quantities": {line["id"]: line["quantity"] for line in lines},
    }


def offers_now(product_ids: Iterable[int]) -> dict[int, dict]:
    """What products cost now, read on the primary: see `price_now`. A product without a price is absent."""
    rows: dict[int, list[Price]] = {}
    with primary():
        for row in Price.objects.filter(product_id__in=list(product_ids)).valid_at(timezone.now()):
            rows.setdefault(row.product_id, []).append(row)
    return {product_id: price_now(of_product) for product_id, of_product in rows.items()}


def stock_now(product_ids: Iterable[int]) -> dict[int, int]:
    with primary():
        return dict(Stock.objects.filter(product_id__in=list(product_ids)).values_list("product_id", "quantity"))


def names_now(product_ids: Iterable[int]) -> dict[int, tuple[str, bool]]:
    """What products are called, and whether they are in the shop: a card may be a second behind."""
    with primary():
        rows = Product.objects.filter(pk__in=list(product_ids)).values_list("pk", "name", "is_published")
        return {pk: (name, is_published) for pk, name, is_published in rows}


def _line(card: dict, quantity: int, cents_when_added: int, left: int) -> dict:
    each, was = card.get("price"), card.get("was")
    is_gone = left == 0 or each is None
    return card | {
        "quantity": quantity,
        "each": each if each is not None else cents_when_added,
        "cents": quantity * (each or 0),
        "saved": quantity * (was - each) if was and each is not None else 0,
        "label": card.get("label", ""),
        "before": cents_when_added if each is not None and each != cents_when_added else None,
        "left": left,
        "most": min(MAX_QUANTITY, left),
        "trouble": "gone" if is_gone else "short" if left < quantity else "",
    }


def _cakes(held: dict[str, int]) -> list[dict]:
    """Cakes made to order, each at what its design costs now."""
    designs, pictures = designs_now(held), pictures_of(held)
    cakes = [_cake(key, designs.get(key), cents) | {"picture": pictures.get(key, "")} for key, cents in held.items()]
    for cake in cakes[MAX_CAKES:]:
        cake["trouble"] = cake["trouble"] or "many"
    return cakes


def _cake(key: str, design: Design | None, cents_when_added: int) -> dict:
    if design is None:
        return {"key": key, "name": "A cake we no longer make", "words": "", "cents": 0, "trouble": "gone"}
    cents = design.price_cents
    return {
        "key": key,
        "drawing": drawing(design),
        "name": name_of(design),
        "words": words_of(design),
        "cents": cents,
        "before": cents_when_added if cents != cents_when_added else None,
        "trouble": "",
    }
