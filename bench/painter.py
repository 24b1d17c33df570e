"""One worker that paints one cake: `python -m bench.painter tiers candles`.

It prints a line of JSON: the seconds until the first and the finished picture, and the most megabytes that the
painting process has held.
"""

import json
import resource
import sys
import time

from jobs.cake.render import passes

from .standin import a_cake


def main(tiers: str, candles: str) -> None:
    began = time.monotonic()
    seconds = [time.monotonic() - began for _ in passes(a_cake(tiers=tiers, candles=candles))]
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(json.dumps({"first": round(seconds[0], 1), "final": round(seconds[-1]), "mb": round(most)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
