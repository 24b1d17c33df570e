"""Messages through a pipe arrive whole, or not at all."""

import io

import pytest

from jobs.cake.frames import read, write


def sent(*messages):
    pipe = io.BytesIO()
    for head, *parts in messages:
        write(pipe, head, *parts)
    return pipe.getvalue()


class Trickle(io.BytesIO):
    def read(self, size=-1, /):
        return super().read(min(size, 3))


def test_messages_arrive_in_order_however_they_are_cut():
    pipe = Trickle(sent(({"number": 1}, b"picture", b""), ({"number": 2}, b"\x00" * 100)))
    assert read(pipe) == ({"number": 1}, b"picture", b"")
    assert read(pipe) == ({"number": 2}, b"\x00" * 100)


@pytest.mark.parametrize("size", [0, 3, 9, 25])
def test_half_a_message_is_none(size):
    with pytest.raises(EOFError):
        read(io.BytesIO(sent(({"number": 1}, b"picture"))[:size]))


def test_what_is_no_message_is_not_waited_for():
    with pytest.raises(EOFError):
        read(io.BytesIO(b"Traceback (most recent call last)"))
