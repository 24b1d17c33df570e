"""The table of proofs, and what it does not forget."""

from bench import prove
from bench.figure import at_least, at_most, exactly


def test_a_figure_holds_or_misses_its_bound():
    assert exactly("Orders", 10, 10).holds
    assert not exactly("Orders", 11, 10).holds
    assert at_most("Seconds", 1, 1).holds
    assert not at_least("Ratio", 0.49, 0.5).holds


def test_proving_one_keeps_the_rows_of_the_others(tmp_path, monkeypatch):
    pieces = iter([10, 9])
    proofs = {
        "stock": lambda: [exactly("Pieces sold", next(pieces), 10)],
        "speed": lambda: [at_least("Ratio", 0.6, 0.5)],
    }
    monkeypatch.setattr(prove, "PROOFS", proofs)
    monkeypatch.setattr(prove, "TABLE", tmp_path / "proofs.md")
    assert prove.main([]) == 0
    assert prove.main(["stock"]) == 1
    rows = [line for line in prove.TABLE.read_text().splitlines() if line.startswith(("| stock", "| speed"))]
    assert len(rows) == 2
    assert "| 9 | exactly 10 | **missed** |" in rows[0]
    assert "| 0.6 | at least 0.5 | holds |" in rows[1]


def test_an_unknown_proof_is_named(capsys):
    assert prove.main(["bred"]) == 2
    assert "There is no proof called bred." in capsys.readouterr().out
