"""What pages say of the stock: a band, not a count, so that not every sale changes them."""

FEW = 5


def stock_band(quantity: int) -> str:
    """`out`, `few` or `in`."""
    return "out" if quantity == 0 else "few" if quantity <= FEW else "in"
