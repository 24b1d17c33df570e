"""How the work is parted into passes, and how honest figures of what is left come about.

A pass costs its samples, and the time to clean and develop them. Both are counted in samples, so the percentage never
goes back, and the time left is what was measured in this process, for as much work as there is left.
"""

from dataclasses import dataclass

# Samples a pixel of each pass. The first is coarse and soon there; 80 in all.
SAMPLES = (2, 6, 12, 20, 20, 20)
PASSES = len(SAMPLES)
# What comes with the work, in the time of so many samples: to open the scene once, to develop each pass.
OPENING, DEVELOPING = 4.0, 2.0


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of affairs after a pass: `percent` is 1 to 100, `seconds_left` 0 at the end."""

    percent: int
    seconds_left: float


def progress(number: int, of: int, *, since: int, seconds: float) -> Progress:
    """After pass `number` of `of`, in a process that has worked for `seconds` and found `since` passes done."""
    done, total = _work(number), _work(of)
    here = done - _work(since) + (OPENING if since else 0.0)
    return Progress(max(1, int(100 * done / total)), round(seconds / here * (total - done), 1))


def _work(passes: int) -> float:
    return (OPENING + sum(SAMPLES[:passes]) + DEVELOPING * passes) if passes else 0.0
