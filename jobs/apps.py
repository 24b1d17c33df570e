from django.apps import AppConfig
from django.core.checks import Tags, register
from django.db.models.signals import post_migrate, pre_migrate

from . import checks, tracked, triggers  # noqa: F401, what is checked, and signals of Celery


class JobsConfig(AppConfig):
    name = "jobs"

    def ready(self) -> None:
        pre_migrate.connect(triggers.remove_before_migrate, dispatch_uid="jobs.triggers")
        post_migrate.connect(triggers.install_after_migrate, dispatch_uid="jobs.triggers")
        register(triggers.check_triggers, Tags.database)
