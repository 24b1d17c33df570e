import pytest
from django.conf import settings
from django.db import connections

from products.documents import outages
from scaling.behind import behind

from ..servers import PATIENCE_SECONDS

IMPATIENT = {"serverSelectionTimeoutMS": 300, "connectTimeoutMS": 300, "socketTimeoutMS": 300}


def connect_anew():
    """In this thread, and in those behind, which would keep a client that is closed."""
    assert behind.wait(PATIENCE_SECONDS)
    behind._threads.shutdown()
    behind.__init__()
    connection = connections[settings.DOCUMENTS]
    if connection.vendor == "mongodb":
        connection.ensure_connection()
        connection.close_pool()
    else:
        connection.close()


@pytest.fixture
def impatient():
    """Who asks the store gives up soon, until this is called. Nobody remembers afterwards that somebody has."""
    options = connections[settings.DOCUMENTS].settings_dict["OPTIONS"]
    patient = dict(options)
    options |= IMPATIENT
    connect_anew()

    def over():
        options.update(patient)
        connect_anew()
        outages.outage_of(settings.DOCUMENTS).end()

    yield over
    over()
