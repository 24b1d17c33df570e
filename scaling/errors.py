"""What can go wrong below the apps, a sentence each."""


class ScalingError(Exception):
    """The root of this tree."""


class CacheDown(ScalingError):
    """The cache server does not answer: read on from the documents."""


class KeepDown(ScalingError):
    """The server of sessions, baskets and tokens does not answer: serve pages as to nobody, refuse writes."""
