"""What `manage.py check` refuses of the settings of published pages. A page that nobody publishes or serves is served
live and looks the same: nobody would notice."""

from pathlib import Path
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.core.files.storage import storages
from django.utils.module_loading import import_string

from . import settings
from .folder import Folder

STORAGE = '{"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": …, "base_url": None}}'


@register
def what_is_published(**_: Any) -> list[CheckMessage]:
    """PUBLISH is one of the three things it can be."""
    wanted = settings.PUBLISH
    if isinstance(wanted, str) and (wanted in ("all", "off") or wanted.isdecimal()):
        return []
    hint = 'Write "all", "off", or as text how many of those pages that can be chosen among: the most visited are.'
    return [Error(f"PUBLISH is {wanted!r}.", hint=hint, id="scaling.E007")]


@register
def where_it_is_published(**_: Any) -> list[CheckMessage]:
    """There is a place for pages, and one that this process can serve from if it is to."""
    if settings.PUBLISH == "off":
        return []
    if "published" not in settings.STORAGES:
        hint = f'Add "published": {STORAGE} to STORAGES, or set PUBLISH to "off".'
        return [Error("Pages are published, and STORAGES has no 'published'.", hint=hint, id="scaling.E008")]
    if settings.SERVE_PUBLISHED and not _is_a_folder():
        told = f"SERVE_PUBLISHED is on, and {settings.PUBLISHED_STORE} is no folder: every page would be served live."
        hint = f"Leave it off and let a proxy serve them, or set PUBLISHED_STORE to '{__package__}.folder.Folder'."
        return [Error(told, hint=hint, id="scaling.E009")]
    return []


@register(Tags.files, deploy=True)
def a_folder_that_is_there(**_: Any) -> list[CheckMessage]:
    """In production, where a folder that was not mounted would be made anew, and stay empty."""
    if not settings.SERVE_PUBLISHED or where_it_is_published() or settings.PUBLISH == "off":
        return []
    folder = Path(storages["published"].location)  # type: ignore[attr-defined]
    if folder.is_dir():
        return []
    told = f"SERVE_PUBLISHED is on, and there is no folder {folder}."
    hint = "Mount there what the workers publish to, or leave SERVE_PUBLISHED off and let a proxy serve the pages."
    return [Error(told, hint=hint, id="scaling.E010")]


def _is_a_folder() -> bool:
    """One that cannot be had is told of elsewhere."""
    try:
        return issubclass(import_string(settings.PUBLISHED_STORE), Folder)
    except ImportError:
        return True
