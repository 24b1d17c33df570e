"""What was gathered can be gone on from, exactly; what does not fit begins anew."""

import numpy as np
import pytest

from jobs.cake.checkpoints import Gathered

from .factories import make_design

DIGEST = make_design().digest
WIDTH, HEIGHT = 16, 12


def light(seed=1):
    return np.random.default_rng(seed).uniform(0, 40, (HEIGHT, WIDTH, 3)).astype(np.float32)


def gathered(passes=2):
    found = Gathered.nothing(DIGEST, WIDTH, HEIGHT)
    for number in range(passes):
        found = found.with_pass(light(number), samples=4, before=4 * number)
    return found


def opened(saved, digest=DIGEST, width=WIDTH, height=HEIGHT, passes=6):
    return Gathered.of(saved, digest, width, height, passes=passes)


def test_it_comes_back_to_the_last_bit():
    again = opened(gathered().as_bytes())
    assert again.passes == 2
    assert again.light.tobytes() == gathered().light.tobytes()


def test_going_on_from_bytes_is_going_on():
    straight = gathered(3)
    resumed = opened(gathered(2).as_bytes()).with_pass(light(2), samples=4, before=8)
    assert resumed.as_bytes() == straight.as_bytes()


def test_passes_are_weighed_by_their_samples():
    dark, bright = np.zeros((HEIGHT, WIDTH, 3)), np.ones((HEIGHT, WIDTH, 3))
    found = Gathered.nothing(DIGEST, WIDTH, HEIGHT).with_pass(dark, samples=3, before=0)
    assert found.with_pass(bright, samples=1, before=3).light.max() == 0.25


def test_a_number_that_is_none_does_not_spread():
    broken = light()
    broken[0, 0] = np.nan, np.inf, -1
    found = Gathered.nothing(DIGEST, WIDTH, HEIGHT).with_pass(broken, samples=1, before=0)
    assert np.isfinite(found.light).all()
    assert found.light.min() >= 0


@pytest.mark.parametrize(
    "changes",
    [{"digest": make_design(tiers=3).digest}, {"width": 12, "height": 16}, {"passes": 1}],
    ids=["another design", "another size", "more passes than wanted"],
)
def test_what_belongs_to_another_picture_begins_anew(changes):
    assert opened(gathered().as_bytes(), **changes).passes == 0


@pytest.mark.parametrize("damage", [None, b"", b"cake1", b"\x80\x04\x95", b"x" * 5000])
def test_what_is_no_checkpoint_begins_anew(damage):
    assert opened(damage).passes == 0


@pytest.mark.parametrize("cut", [10, 43, 44, 100, -1])
def test_a_torn_checkpoint_begins_anew(cut):
    assert opened(gathered().as_bytes()[:cut]).passes == 0
