"""The table of proofs, and what it does not forget."""

import os
import shutil
import subprocess

from django.conf import settings

from bench import prove
from bench.figure import at_least, at_most, exactly

from ..servers import need


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


def test_make_says_so_before_it_installs_anything(tmp_path):
    for name in ("Makefile", "bench/prove.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(settings.ROOT / name, tmp_path / name)
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}  # as if by hand
    said = subprocess.run(
        [need("make"), "prove", "bred"], cwd=tmp_path, env=plain, capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stdout) == (2, "")
    assert f"There is no proof called bred. There are: {' '.join(prove.PROOFS)}." in said.stderr
    assert not (tmp_path / ".venv").exists()
