"""Where documents lie: in the SQL database, or in a MongoDB that one of two engines speaks to."""

from urllib.parse import parse_qsl, urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS

SQL = "default"
DJONGO = "djongo+"
OFFICIAL_ENGINE, DJONGO_ENGINE = "django_mongodb_backend", "scaling.djongo_engine"
SCHEMES = ("mongodb", "mongodb+srv")
CONNECT_MS = 1000  # to find a server that answers
ANSWER_SECONDS = 2
POOL = 32  # connections of a process


def alias_of(url: str, alias: str) -> str:
    """What the store at this address is called in DATABASES: the SQL table is a part of the database it lies in."""
    return DEFAULT_DB_ALIAS if url == SQL else alias


def database_of(url: str, seconds: int) -> dict:
    """The entry of DATABASES for mongodb://…/name or djongo+mongodb://…/name, whose answers are waited for so many
    seconds, but two at most. What the address says of these itself counts more."""
    address = url.removeprefix(DJONGO)
    parts = urlsplit(address)
    name = parts.path.strip("/")
    if parts.scheme not in SCHEMES or not name:
        forms = f"'{SQL}', mongodb://host:port/name or {DJONGO}mongodb://host:port/name"
        told = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()  # without a password
        raise ImproperlyConfigured(f"'{told}' is no store of documents: {forms} would be.")
    said = _said(address)
    if said.get("readpreference", "primary") != "primary" or said.get("w", "majority") != "majority":
        raise ImproperlyConfigured(
            "Documents are read where they were written, and outlive a server: a store of documents can be asked for"
            " no other readPreference than primary, and for no other w than majority."
        )
    return {
        "ENGINE": DJONGO_ENGINE if url.startswith(DJONGO) else OFFICIAL_ENGINE,
        "NAME": name,
        "HOST": address,
        "OPTIONS": {option: value for option, value in _options(seconds).items() if option.lower() not in said},
        "TEST": {"MIGRATE": False},
    }


def _said(address: str) -> dict[str, str]:
    """The options of an address as pymongo finds them, which parts them at `;` as well."""
    options = address.partition("?")[2].replace(";", "&")
    return {option.lower(): value for option, value in parse_qsl(options, keep_blank_values=True)}


def _options(seconds: int) -> dict:
    """For MongoClient. Nobody asks twice: who is not answered has other sources, or is called again."""
    return {
        "serverSelectionTimeoutMS": CONNECT_MS,
        "connectTimeoutMS": CONNECT_MS,
        "socketTimeoutMS": min(seconds, ANSWER_SECONDS) * 1000,
        "waitQueueTimeoutMS": CONNECT_MS,
        "maxPoolSize": POOL,
        "retryReads": False,
        "retryWrites": False,
    }
