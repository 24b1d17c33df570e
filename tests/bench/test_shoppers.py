"""Shoppers of a proof: whatever goes wrong with one of them is told, and the others go on."""

from bench.shoppers import Shoppers

from ..servers import wait_until


def test_a_shopper_who_stumbles_tells_of_it_and_goes_on():
    asked = []

    def stumble(shopper):
        asked.append(shopper)
        raise TypeError("no such order")

    with Shoppers("http://127.0.0.1:9", {stumble: 2}) as notes:
        wait_until(lambda: len(asked) > 6, what="shoppers who go on")
    assert set(notes.wrong) == {"stumble: TypeError('no such order')"}
    assert len(notes.wrong) == len(asked)
