"""Whether this worker was told to end: what it has begun asks, also what knows nothing of jobs."""

import threading

leaving = threading.Event()


class Leaving(Exception):
    """This worker ends, and hands back what it has begun."""
