"""What `make prove` shows of the patterns at full size, in small: real shops, and counts alone, no times."""

import pytest

from bench import assembly, growth, patterns, sections
from bench.catalogue import opened_catalogue
from bench.proofs import assembly as assembly_proof
from bench.proofs import growth as growth_proof
from bench.proofs import patterns as patterns_proof


@pytest.fixture(scope="module")
def two_shops():
    with opened_catalogue(100, sample=12) as small, opened_catalogue(300, sample=12) as large:
        yield small, large


@pytest.fixture(autouse=True)
def table(tmp_path, monkeypatch):
    monkeypatch.setattr(sections, "TABLE", tmp_path / "patterns.md")
    return sections.TABLE


def counts_that_miss(figures):
    counted = [figure for figure in figures if figure.bound.startswith("exactly")]
    assert counted
    return [figure for figure in counted if not figure.holds]


def test_every_pattern_gives_the_same_page_at_its_own_cost(two_shops, table):
    small, _ = two_shops
    patterns.warm_up(small)
    figures = patterns_proof.figures(small, patterns.measure(small, rounds=1, seconds=0.2))
    assert counts_that_miss(figures) == []
    assert "| cached object | 0 | 1 |" in table.read_text()


def test_one_change_costs_the_same_in_a_larger_catalogue(two_shops, table):
    small, large = two_shops
    figures = growth_proof.figures(
        small, large, growth.latencies(small, large, rounds=2), growth.changes(small, large, rounds=1, each=6)
    )
    assert counts_that_miss(figures) == []
    assert "| SQL statements |" in table.read_text()


def test_a_worker_is_measured_alone_and_in_company(two_shops, table):
    small, large = two_shops
    (figure,) = assembly_proof.figures(assembly.rates(small, rounds=1), small, large)
    assert float(figure.figure) > 0
    written = table.read_text()
    assert written.index("## Assembling") < written.index("## Bytes")
