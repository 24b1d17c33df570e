"""After a deploy: every process says that it runs the release, and so does every answer that a visitor gets."""

import time
import urllib.request
from collections import Counter
from collections.abc import Sequence
from urllib.error import HTTPError

from django.conf import settings

from scaling.fleet import WEB, Member, strangers

from .errors import ClusterError
from .slots import living, program_of

PUBLISHED = ("/", "/shelves/")
ASKED = 20  # times for each clone: the balancer takes one after the other
SILENT_SECONDS = 30  # until one that was killed is forgotten, or one that was started again is heard
ANSWER_SECONDS = 10


def prove(release: str, crew: Sequence[str]) -> str:
    """What was seen, in a line. Raises ClusterError when anybody runs, or has answered by, another release, or one of
    the `crew` is not heard: programs by name, as often as there are hosts that have it."""
    members = _all_new(release, crew)
    clones = sorted({member.name for member in members if member.kind == WEB})
    answers = Counter(_asked(f"/?proof={number}") for number in range(ASKED * len(clones)))
    answers.update(_asked(path) for path in PUBLISHED)
    if others := {told for told in answers if told[1] != release}:
        raise ClusterError(f"Some answers are not of release {release}: {_listed(others)}.")
    if silent := set(clones) - {clone for clone, _ in answers}:
        raise ClusterError(f"Nobody was sent to {', '.join(sorted(silent))}.")
    return f"{len(members)} processes and {answers.total()} answers, all of release {release}"


def _all_new(release: str, crew: Sequence[str]) -> list[Member]:
    deadline = time.monotonic() + SILENT_SECONDS
    while True:
        members = living()
        others, missed = strangers(members, release), _missed(members, crew)
        if not others and not missed:
            return members
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    if others:
        told = _listed({(other.called, other.release) for other in others})
        raise ClusterError(f"Some processes do not run release {release}: {told}.")
    raise ClusterError(f"Nobody hears {', '.join(missed)} of release {release}.")


def _missed(members: Sequence[Member], crew: Sequence[str]) -> list[str]:
    """A clone may have several processes, which are one."""
    heard = {(program_of(member), member.host) for member in members if not member.is_draining}
    return sorted((Counter(crew) - Counter(name for name, _ in heard)).elements())


def _asked(path: str) -> tuple[str, str]:
    """The clone and the release that have answered."""
    request = urllib.request.Request(settings.SITE_URL + path)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS) as answer:  # noqa: S310
            return answer.headers["X-Clone"], answer.headers["X-Release"]
    except HTTPError as error:
        raise ClusterError(f"{path} answers {error.code}.") from None
    except OSError as error:
        raise ClusterError(f"{settings.SITE_URL} does not answer: {error}") from None


def _listed(pairs: set[tuple[str, str]]) -> str:
    return ", ".join(sorted(f"{who} ({release or 'none'})" for who, release in pairs))
