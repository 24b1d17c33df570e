"""What workers do for the catalogue."""

from collections import defaultdict

from jobs.tasks import outbox_task
from scaling.cache import registry


@outbox_task(batch=100)
def refresh(subjects: list[str]) -> None:
    """Build objects again after a change; subjects are like `product:12`. It may run twice, and late."""
    ids = defaultdict(list)
    for subject in subjects:
        name, _, pk = subject.partition(":")
        ids[name].append(int(pk))
    for name, pks in ids.items():
        registry[name].refresh(pks)
