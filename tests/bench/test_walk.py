"""What a walk through the shop takes for wrong."""

from http.client import HTTPMessage

import pytest

from bench.visitor import Page
from bench.walk import STEPS, Walk

FORM = '<form><select name="slot"><option value="1"></select></form>'


def page(status, **headers):
    message = HTTPMessage()
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return Page(status, "/checkout/", message, FORM.encode())


class StandIn:
    """Gets these answers, one after the other."""

    last = "web1"

    def __init__(self, *answers):
        self.answers = list(answers)

    def send(self, form, **fields):
        return self.answers.pop(0)


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ([page(302, Location="/orders/a/")], []),
        ([page(503, Retry_After="20"), page(302, Location="/orders/a/")], []),
        ([page(302, Location="/orders/b/")], ["sent again, it is another order: /orders/b/"]),
        ([page(503, Retry_After="20"), page(302, Location="/")], ["sent again, it is another order: /"]),
        ([page(500)], ["ordering again: 500"]),
    ],
)
def test_a_form_that_is_sent_again_leads_to_the_same_order_now_or_a_little_later(answers, wrong):
    walk = Walk(StandIn(*answers), "ada@example.com", 1, is_new=True, order="/orders/a/")
    walk.form = page(200)
    walk._answered("ordering again", STEPS["ordering again"], None)
    assert walk.wrong == wrong
