"""How much memory processes really take: their proportional share (PSS), in which what they share counts once."""

import os
from pathlib import Path

PROC = Path("/proc")


def memory_mb(root: int | None = None) -> int:
    """Of process `root` (this one by default) and all its descendants, in MB; 0 where the system does not tell."""
    return sum(_pss_kb(pid) for pid in family(root or os.getpid())) // 1024


def family(root: int) -> set[int]:
    """`root` and its descendants, as process ids."""
    parents = {int(path.name): _parent(path) for path in PROC.glob("[0-9]*")}
    found = {root}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _parent(process: Path) -> int:
    try:
        # The second field is the program's name in brackets, and may hold blanks itself.
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0


def _pss_kb(pid: int) -> int:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
