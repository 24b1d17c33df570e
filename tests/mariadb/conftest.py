from ..kept import kept_shops  # noqa: F401
