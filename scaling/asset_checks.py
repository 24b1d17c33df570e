"""What `manage.py check --deploy` refuses of static files; tagged `clones`, like `scaling.clone_checks`."""

from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Error, register
from django.core.files.storage import FileSystemStorage, storages

from . import settings
from .assets import Assets, Collected, assets, manifest_of
from .clone_checks import CLONES, OF_A_RELEASE, is_shared


@register(CLONES, deploy=True)
def static_files_that_every_page_finds(**_: Any) -> list[CheckMessage]:
    """Whichever clone is asked, and whichever release the page is of."""
    if OF_A_RELEASE not in settings.STORAGES or not apps.is_installed("django.contrib.staticfiles"):
        return []
    storage = storages[OF_A_RELEASE]
    if not hasattr(storage, "manifest_name"):
        told = "Static files have names without the hash of their content: two releases would mix them up."
        hint = "Use 'whitenoise.storage.CompressedManifestStaticFilesStorage' for STORAGES['staticfiles']."
        return [Error(told, hint=hint, id="scaling.E024")]
    if not Collected(storage).manifest:
        hint = "Run `manage.py collectstatic` where the release is made."
        return [Error("This release has no manifest of its static files.", hint=hint, id="scaling.E025")]
    return _are_in_the_one_place(storage)


def _are_in_the_one_place(storage: Any) -> list[CheckMessage]:
    """A place that does not answer at the moment is believed: clones start without it."""
    try:
        place = assets()
        if place is None and isinstance(storage, FileSystemStorage) and not is_shared(storage.location):
            told = f"Static files are in {storage.location} alone: pages of other releases do not find theirs."
            hint = "Name the place of all releases' files in STORAGES['assets'], see scaling.assets."
            return [Error(told, hint=hint, id="scaling.E026")]
        if place is None or _is_there(Collected(storage), place):
            return []
    except OSError:
        return []
    told = f"The static files of release {settings.RELEASE} are not in the place of all releases."
    return [Error(told, hint="Run `manage.py assets --upload` before any of its clones.", id="scaling.E027")]


def _is_there(made: Collected, place: Assets) -> bool:
    """With every file: the manifest goes first."""
    return {manifest_of(settings.RELEASE), *made.files(place.packed)} <= place.names().keys()
