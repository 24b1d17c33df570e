"""Ask over HTTP, as a visitor or a proxy would."""

import urllib.request

ANSWER_SECONDS = 5


def answers(url: str) -> bool:
    """Whether it answers, and all is well."""
    try:
        with urllib.request.urlopen(url, timeout=ANSWER_SECONDS) as response:  # noqa: S310
            return response.status == 200
    except OSError:
        return False
