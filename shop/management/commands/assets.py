"""Put the static files of this release where those of all releases lie, and remove what no release needs."""

from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.management.base import BaseCommand, CommandError

from scaling import settings
from scaling.assets import Assets, Collected, assets, prune, releases, upload

NO_PLACE = "The static files of all releases have no place here: set STATIC_FILES_URL, see docs/clones.md."
NOT_COLLECTED = "There is no manifest of this release: run manage.py collectstatic first."


class Command(BaseCommand):
    help = (
        "Put the static files of this release where those of all releases lie (--upload), before any of its clones"
        " starts; remove those older than a day that neither this release nor the last ones need (--prune). Without"
        " either, tell which releases' files are there, the last one first."
    )
    requires_system_checks = ()

    def add_arguments(self, parser) -> None:
        verbs = parser.add_mutually_exclusive_group()
        verbs.add_argument("--upload", action="store_true", help="put what is missing; twice does no harm")
        verbs.add_argument("--prune", action="store_true", help="remove what is needed no more")
        parser.add_argument("--keep", type=int, default=5, metavar="N", help="releases whose files stay (default: 5)")

    def handle(self, *, upload: bool, prune: bool, keep: int, **options) -> None:
        place = assets()
        if place is None:
            raise CommandError(NO_PLACE)
        if keep < 1:
            raise CommandError("--keep wants a number from 1.")
        try:
            told = self._upload(place) if upload else self._prune(place, keep) if prune else self._tell(place)
        except OSError as error:
            raise CommandError(f"It was not finished, and may be run again: {error}") from error
        self.stdout.write(told)

    def _upload(self, place: Assets) -> str:
        made = Collected(staticfiles_storage)
        if not made.manifest:
            raise CommandError(NOT_COLLECTED)
        put, count = upload(place, settings.RELEASE, made, self._say)
        return f"All {count} files of release {settings.RELEASE} are in place; {put} of them were not."

    def _prune(self, place: Assets, keep: int) -> str:
        return f"{len(prune(place, settings.RELEASE, keep))} files were removed that no release needs."

    def _tell(self, place: Assets) -> str:
        return "\n".join(releases(place.names())) or "No release has put its files there yet."

    def _say(self, number: int, count: int) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"{number} of {count}", ending="\r")
