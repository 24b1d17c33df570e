"""The versions of objects: who has read one knows whether what they hold is older than the tables."""

from collections.abc import Mapping, Sequence

from scaling.reading import Built

from .models import Version


def versions_of(name: str, ids: Sequence[int], using: str) -> dict[int, int]:
    """The versions of these objects, also of deleted ones, in microseconds. One that never changed under the eyes of
    a trigger is left out: take 0.

    Read them in the snapshot that the data comes from, or an old price gets the new version's label.
    """
    subjects = {f"{name}:{pk}": pk for pk in ids}
    rows = Version.objects.using(using).filter(subject__in=subjects).values_list("subject", "version")
    return {subjects[subject]: version for subject, version in rows}


def absent(versions: Mapping[int, int]) -> dict[int, Built]:
    """What is known of objects before any is found: since when there is none."""
    return {pk: Built(version, None) for pk, version in versions.items()}
