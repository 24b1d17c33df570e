"""A table on a MongoDB, by djongo and by the official engine, and in SQLite beside them: what one cannot do shows."""

import pytest
from django.db import connections

from scaling.djongo_engine.clients import TIMEOUTS

from ..servers import PATIENCE_SECONDS
from .models import Sheet

ENGINES = {"djongo": "scaling.djongo_engine", "official": "django_mongodb_backend"}


@pytest.fixture(scope="package")
def mongo_aliases(mongo, django_db_setup, django_db_blocker):
    """The names in ENGINES are aliases of databases of their own, for as long as these tests run. Those of the shop
    are made before: to migrate what there is would migrate these as well."""
    with django_db_blocker.unblock():
        for alias, engine in ENGINES.items():
            connections.settings[alias] = database(alias, engine, mongo.url(alias))
            with connections[alias].schema_editor() as editor:
                editor.create_model(Sheet)
        yield
        for alias in ENGINES:
            connections[alias].close()
            del connections.settings[alias]


def database(name, engine, url):
    """As in DATABASES."""
    given = {
        "ENGINE": engine,
        "HOST": url,
        "NAME": name,
        "OPTIONS": dict.fromkeys(TIMEOUTS, PATIENCE_SECONDS * 1000),
        "USER": "",
        "PASSWORD": "",
        "PORT": "",
    }
    kept = {
        "ATOMIC_REQUESTS": False,
        "AUTOCOMMIT": True,
        "CONN_MAX_AGE": 0,
        "CONN_HEALTH_CHECKS": False,
        "TIME_ZONE": None,
    }
    return (
        given | kept | {"TEST": {"NAME": None, "MIRROR": None, "CHARSET": None, "COLLATION": None, "MIGRATE": True}}
    )


@pytest.fixture(params=ENGINES)
def sheets(request, mongo_aliases):
    """The empty table, by each engine."""
    sheets = Sheet.objects.using(request.param)
    sheets.all().delete()
    return sheets


@pytest.fixture
def djongo(mongo_aliases):
    """The empty table, by djongo."""
    sheets = Sheet.objects.using("djongo")
    sheets.all().delete()
    return sheets
