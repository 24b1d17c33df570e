"""A bucket whose calls overlap or die: every order in which their requests can come, over an S3 in memory."""

from functools import partial
from itertools import combinations

import pytest

from scaling.bucket import TRIES, Bucket

from .memory import Call, Memory, every_order, stop_before_each_request

NAME, PAGE = "shelves/index.html", b"<p>Rye</p>"
KEY = f"1/{NAME}"
BEFORE = {"nothing": (), "a page": (("put", 1),), "a removed page": (("put", 1), ("remove", 2))}
MOST_REQUESTS = 6  # of a `put` that was overtaken and takes its page away


LEFT_BEHIND = (3, 4, 5)  # it dies having created its page, and before it has taken it away


class World:
    """One S3, with something that was done before, and calls that are about to be made of it. Pages are all the same:
    what tells them apart is the number alone."""

    def __init__(self, before, calls, killed_after=None):
        self.s3 = Memory()
        self.bucket = Bucket(self.s3, "1")
        for kind, number in before:
            assert self.make(kind, number)
        self.s3.before = stop_before_each_request
        first = killed_after
        self.calls = {}
        for kind, number in calls:
            self.calls[kind, number] = Call(partial(self.make, kind, number), first)
            first = None

    def make(self, kind, number):
        return self.bucket.put(NAME, PAGE, number) if kind == "put" else self.bucket.remove(NAME, number)

    def shown(self):
        """The number of the page that a reader would see; 0 for none."""
        return int(self.s3.held[KEY]["Metadata"]["number"]) if KEY in self.s3.held else 0

    def undisturbed(self):
        self.s3.before = lambda operation: None


def every_world(before, calls, look=lambda world: None, killed_after=None, most_turns=99):
    """The end of every order; `look` sees the world after each request."""
    world = None

    def begin():
        nonlocal world
        world = World(BEFORE[before], calls, killed_after)
        return list(world.calls.values())

    for _ in every_order(begin, lambda: look(world), most_turns):
        world.undisturbed()
        yield world


def shown_by(kind, number):
    return number if kind == "put" else 0


def assert_the_newest_shows_once_it_has_answered(world):
    (kind, number), newest = max(world.calls.items(), key=lambda item: item[0][1])
    if newest.ended is None or world.shown() == shown_by(kind, number):
        return
    late = [mine for (what, mine), call in world.calls.items() if what == "put" and call.ended is None]
    assert kind == "remove", world.shown()
    assert world.shown() in late, "an older page, and the put that shows it has answered"


def assert_the_answers_fit_an_order(world):
    for (_, number), call in world.calls.items():
        newer = [other for (_, its), other in world.calls.items() if its > number]
        if call.answer:
            assert not [other for other in newer if other.ended < call.began]
        else:
            assert [other for other in newer if other.began < call.ended]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("newer", ["put", "remove"])
@pytest.mark.parametrize("older", ["put", "remove"])
def test_of_two_that_overlap_the_newer_wins(older, newer, before):
    calls = [(older, 5), (newer, 7)]
    orders = 0
    for world in every_world(before, calls, assert_the_newest_shows_once_it_has_answered):
        orders += 1
        assert world.shown() == shown_by(newer, 7)
        assert_the_answers_fit_an_order(world)
        assert world.bucket.read(NAME) == ((7, PAGE) if newer == "put" else None)
    assert orders > 5


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize(
    "kinds",
    [("put", "put", "remove"), ("put", "remove", "put"), ("remove", "put", "put"), ("put", "remove", "remove")],
)
def test_of_three_that_overlap_the_newest_wins(kinds, before):
    calls = list(zip(kinds, (5, 6, 7), strict=True))
    for world in every_world(before, calls, assert_the_newest_shows_once_it_has_answered, most_turns=2):
        assert world.shown() == shown_by(kinds[-1], 7)
        assert_the_answers_fit_an_order(world)


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("kinds", [("put", "put"), ("put", "remove"), ("remove", "put"), ("remove", "remove")])
@pytest.mark.parametrize("numbers", [(5, 7), (7, 5)])
def test_one_that_dies_spoils_nothing_that_comes_after(numbers, kinds, before):
    """After how many requests ever, and wherever the other one was by then."""
    dead, other = calls = list(zip(kinds, numbers, strict=True))
    for killed_after in range(MOST_REQUESTS + 1):
        for world in every_world(before, calls, killed_after=killed_after, most_turns=2):
            shown = {shown_by(*other)} | ({shown_by(*dead)} if dead[1] > other[1] else set())
            if not world.calls[other].answer:
                assert dead[1] > other[1]
                shown = {shown_by(*dead)}
            if calls == [("put", 5), ("remove", 7)] and killed_after in LEFT_BEHIND:
                shown.add(5)
            assert world.shown() in shown
            assert world.make("put", 8)
            assert world.bucket.read(NAME) == (8, PAGE)
            assert not world.make("put", 7) and not world.make("remove", 7)
            assert world.make("remove", 9)
            assert world.bucket.read(NAME) is None
            assert not world.make("put", 8)


@pytest.mark.parametrize("before", ["nothing", "a removed page"])
@pytest.mark.parametrize(
    ("kind", "number", "is_done"), [("put", 6, False), ("put", 8, True), ("remove", 6, False), ("remove", 8, True)]
)
def test_what_is_left_behind_goes_with_the_next_call(kind, number, is_done, before):
    """The one thing that S3 has no condition for: to create only if something else has not come into being."""
    left = 0
    for killed_after in LEFT_BEHIND:
        for world in every_world(before, [("put", 5), ("remove", 7)], killed_after=killed_after):
            if world.shown() == 5:
                left += 1
                assert world.make(kind, number) is is_done
                assert world.shown() == (shown_by(kind, number) if is_done else 0)
    assert left, "no order showed it: then say so in the docstring"


def test_a_put_that_others_overtake_again_and_again_gives_up():
    s3 = Memory()
    bucket, other = Bucket(s3, "1"), Bucket(s3, "1")
    numbers = iter(range(1, 100))

    def overtake(operation):
        if operation == "PutObject":
            s3.before = lambda operation: None
            assert other.put(NAME, PAGE, next(numbers))
            s3.before = overtake

    s3.before = overtake
    with pytest.raises(OSError, match="changes all the time"):
        bucket.put(NAME, PAGE, 1000)
    assert next(numbers) == TRIES + 1
    assert other.read(NAME) == (TRIES, PAGE)


def test_the_double_tries_every_order():
    """Three requests among three others can come in twenty orders."""
    seen = set()

    def begin():
        s3, told = Memory(), []
        s3.before = stop_before_each_request
        runs = [Call(partial(three, s3, told, mine)) for mine in "ab"]
        seen_by.append(told)
        return runs

    def three(s3, told, mine):
        for _ in range(3):
            s3.put_object(Bucket="", Key=mine, Body=b"")
            told.append(mine)

    seen_by = []
    for _ in every_order(begin, lambda: None):
        seen.add("".join(seen_by[-1]))
    assert len(seen_by) == len(seen) == len(list(combinations(range(6), 3)))
