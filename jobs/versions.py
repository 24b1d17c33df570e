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


def raise_past(name: str, held: Mapping[int, int]) -> None:
    """Have these objects at later versions than those that are held of them somewhere. After the primary was restored
    from a backup, what is held is newer than the tables, and nothing older would ever replace it."""
    for pk, version in held.items():
        rows = Version.objects.filter(subject=f"{name}:{pk}")
        if not rows.exists():
            Version.objects.bulk_create([Version(subject=f"{name}:{pk}", version=0)], ignore_conflicts=True)
        rows.filter(version__lte=version).update(version=version + 1)


def absent(versions: Mapping[int, int]) -> dict[int, Built]:
    """What is known of objects before any is found: since when there is none."""
    return {pk: Built(version, None) for pk, version in versions.items()}
