"""The coverage that the web knows is that of the fonts."""

import pytest

from jobs.cake import fonts
from jobs.cake.coverage import FILE, as_text, coverage


def test_the_coverage_on_file_is_that_of_the_fonts():
    """Where it is not: python -m jobs.cake.fonts > jobs/cake/coverage.txt"""
    assert FILE.read_text() == as_text({name: fonts.letters(name) for name in fonts.PENS})


def test_pens_are_tried_in_one_order():
    assert list(coverage()) == list(fonts.PENS)


@pytest.mark.parametrize("name", fonts.PENS)
def test_every_pen_can_be_opened(name):
    assert fonts.font(name).face.upem > 0
