from django.apps import AppConfig
from django.db.backends.signals import connection_created

from . import (  # noqa: F401, register what is checked
    asset_checks,
    checks,
    clone_checks,
    djongo_checks,
    page_checks,
    release_checks,
)
from .abreast import catch_up, probe
from .breaker import CACHE
from .lineage import vouch
from .queries import stamp_writes
from .replicas import notice_writes
from .xray import count_sql


class ScalingConfig(AppConfig):
    name = "scaling"

    def ready(self) -> None:
        CACHE.vouch, CACHE.probe, CACHE.catch_up = vouch, probe, catch_up
        connection_created.connect(count_sql, dispatch_uid="scaling.xray")
        connection_created.connect(notice_writes, dispatch_uid="scaling.replicas")
        connection_created.connect(stamp_writes, dispatch_uid="scaling.queries")
