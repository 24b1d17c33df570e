"""Where documents lie is said by an address, and who says nothing needs no MongoDB."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from settings.document_stores import alias_of, database_of

from .processes import python_of_the_shop

ASKED = """
import sys, django
django.setup()
from django.conf import settings
from products import documents
print(sorted(settings.DATABASES), settings.DOCUMENTS, settings.NEXT_DOCUMENTS, "pymongo" in sys.modules)
"""


def asked(tmp_path, **environment):
    """What a process of the shop on one machine says of its stores."""
    told = python_of_the_shop(ASKED, tmp_path, **environment)
    assert told.returncode == 0, told.stderr
    return told.stdout.strip()


def test_who_says_nothing_has_documents_in_the_database_and_no_driver_of_mongodb(tmp_path):
    assert asked(tmp_path) == "['default', 'replica'] default  False"


def test_each_address_is_a_database_beside_the_others(tmp_path):
    told = asked(tmp_path, DOCUMENTS_URL="mongodb://127.0.0.1:1/shop", NEXT_DOCUMENTS_URL="default")
    assert told == "['default', 'documents', 'replica'] documents default False"
    told = asked(tmp_path, NEXT_DOCUMENTS_URL="mongodb://127.0.0.1:1/shop")
    assert told == "['default', 'next_documents', 'replica'] default next_documents False"


def test_the_two_engines_are_told_apart_by_the_scheme():
    official, djongo = (database_of(f"{engine}mongodb://a:1,b:2/shop?w=majority", 30) for engine in ("", "djongo+"))
    assert (official["ENGINE"], djongo["ENGINE"]) == ("django_mongodb_backend", "scaling.djongo_engine")
    assert official["HOST"] == djongo["HOST"] == "mongodb://a:1,b:2/shop?w=majority"
    assert official["NAME"] == djongo["NAME"] == "shop"
    assert (alias_of("default", "documents"), alias_of("mongodb://a/shop", "documents")) == ("default", "documents")


def test_every_wait_is_bounded_and_the_address_has_the_last_word():
    assert database_of("mongodb://a/shop", 30)["OPTIONS"]["socketTimeoutMS"] == 2000
    assert database_of("mongodb://a/shop", 1)["OPTIONS"]["socketTimeoutMS"] == 1000
    options = database_of("mongodb://a/shop?sockettimeoutms=5000", 1)["OPTIONS"]
    assert "socketTimeoutMS" not in options
    assert options["serverSelectionTimeoutMS"] == options["connectTimeoutMS"] == 1000


@pytest.mark.parametrize("url", ["mongodb://a", "mongo://a/shop", "mysql://a/shop", "shop", "djongo+mysql://a/shop"])
def test_an_address_that_means_no_store_is_refused(url):
    with pytest.raises(ImproperlyConfigured, match="no store of documents"):
        database_of(url, 1)


OLD = ["readPreference=secondaryPreferred", "READPREFERENCE=nearest", "tls=true;readPreference=nearest"]


@pytest.mark.parametrize("option", [*OLD, "w=0", "w=1", "w=2", "w=", "tls=true;w=1", "appName=a#&w=1"])
def test_an_option_by_which_old_documents_would_be_read_or_new_ones_lost_is_refused(option):
    with pytest.raises(ImproperlyConfigured, match="read where they were written"):
        database_of(f"mongodb://a/shop?{option}", 1)


def test_the_same_options_as_they_are_without_saying_so_are_taken():
    database_of("mongodb://a/shop?readPreference=primary&w=majority", 1)


@pytest.mark.parametrize(
    ("url", "words", "why"),
    [
        ("mongo://a/shop", ["check"], "'mongo://a/shop' is no store of documents"),
        ("mongodb://a/shop?w=1", ["documents", "--move"], "no other w than majority"),
    ],
)
def test_a_command_tells_a_mistake_in_the_settings_in_one_line(tmp_path, url, words, why):
    code = f"import runpy, sys; sys.argv = {['manage.py', *words]}; runpy.run_path('manage.py', run_name='__main__')"
    done = python_of_the_shop(code, tmp_path, DOCUMENTS_URL=url)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert why in done.stderr
