"""A birthday cake by the real renderer: how soon there is something to see, when it is finished, and the memory.

The others' proofs put a stand-in in its place, which takes no time.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from bench.figure import Figure, at_most
from bench.opened import ROOT

MOST_MB = 800
FIRST_SECONDS = 8
FINAL_SECONDS = {"scalar": 120, "LLVM": 60}
WORST = ("3", "20")  # tiers, candles
USUAL = ("2", "5")
LIBRARIES = ("/usr/lib/x86_64-linux-gnu/libLLVM.so.19.1", "/usr/lib/llvm-19/lib/libLLVM.so.1")
PATIENCE_SECONDS = 1800


def prove() -> list[Figure]:
    """Each cake twice: the usual one, and the one with the most on it. LLVM where there is a library of 19."""
    found = _figures("scalar", {"DRJIT_LIBLLVM_PATH": ""})
    if library := next(filter(os.path.exists, LIBRARIES), ""):
        found += _figures("LLVM", {"DRJIT_LIBLLVM_PATH": library})
    return found


def _figures(variant: str, environment: Mapping[str, str]) -> list[Figure]:
    final = FINAL_SECONDS[variant]
    alone, large = _painted([USUAL], environment), _painted([WORST], environment)
    both = _painted([USUAL, USUAL], environment)
    return [
        at_most(f"A usual cake, {variant}, one worker: first picture after", alone["first"], FIRST_SECONDS, " s"),
        at_most("… finished after", alone["final"], final, " s"),
        at_most("… memory of the painter", alone["mb"], MOST_MB, " MB"),
        at_most(f"The largest cake, {variant}, one worker: first picture after", large["first"], FIRST_SECONDS, " s"),
        at_most("… finished after", large["final"], final, " s"),
        at_most("… memory of the painter", large["mb"], MOST_MB, " MB"),
        at_most(f"Two usual cakes, {variant}, two workers: first pictures", both["first"], 2 * FIRST_SECONDS, " s"),
        at_most("… both finished after", both["final"], 2 * final, " s"),
        at_most("… memory of the larger painter", both["mb"], MOST_MB, " MB"),
    ]


def _painted(cakes: Sequence[tuple[str, str]], environment: Mapping[str, str]) -> dict[str, float]:
    """All of these at once; of each figure the largest."""
    painters = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.painter", *cake],
            cwd=ROOT,
            env=os.environ | environment,
            stdout=subprocess.PIPE,
            text=True,
        )
        for cake in cakes
    ]
    found = [json.loads(painter.communicate(timeout=PATIENCE_SECONDS)[0]) for painter in painters]
    return {name: max(each[name] for each in found) for name in found[0]}
