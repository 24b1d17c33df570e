"""A customer's picture: one square of 400 pixels under a name of our own."""

from typing import IO

from django.core.files.storage import default_storage
from django.db import transaction

from scaling.pictures import picture_name, store_picture
from scaling.retries import retried

from .models import User

FOLDER = "people"
SIDE_PIXELS = 400


def change_picture(user: User, file: IO[bytes]) -> None:
    """Keep the picture as the user's own; the old one is deleted. Raises `ValidationError` when it is no picture.

    The file is stored before the transaction: slow, and harmless when the row is never written.
    """
    stem = store_picture(file, folder=FOLDER, sizes=[SIDE_PIXELS])
    _swap(user, picture_name(stem, SIDE_PIXELS))


def remove_picture(user: User) -> None:
    _swap(user, "")


@retried
@transaction.atomic
def _swap(user: User, new: str) -> None:
    """Of two uploads at once each deletes what it replaces: none stays behind, and never the one that is shown."""
    row = User.objects.select_for_update().get(pk=user.pk)
    old, row.picture = row.picture, new
    row.save(update_fields=["picture"])
    user.picture = new
    if old:
        # After the commit: a picture that a row still names must not be gone.
        transaction.on_commit(lambda: default_storage.delete(old), robust=True)
