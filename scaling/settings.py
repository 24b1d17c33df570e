"""The settings that this package reads, each with what it is when the project does not say.

`DATABASES`, `CACHES` and the like are Django's own and read from here, too. With these defaults no other package of
ours is needed. What is named of `jobs` are tables that nobody misses where there are none.
"""

from typing import Any

from django.conf import settings as project

DEFAULTS: dict[str, Any] = {
    # Clones
    "CLONE": "",  # the host's name and process id when empty
    "RELEASE": "",
    "READY_WITHIN_SECONDS": 60.0,  # or a new clone gives up
    "PAGES_OF_A_READY_CLONE": [],  # what it must be able to show before anybody is sent to it
    "FURTHER_PAGES_OF_A_READY_CLONE": "",  # () -> paths of such pages whose addresses depend on what there is
    "FLEET_KNOWS": "",  # () -> what every process says to the fleet that it was told of, as stores
    "SHARED_FOLDERS": [],  # those that every clone mounts
    "ASSETS_STORE": "scaling.asset_folder.AssetFolder",  # (STORAGES["assets"]) -> see scaling.assets.Assets
    "CHECKS_AT_START": [],  # tags of system checks that refuse to start
    "XRAY": False,  # Server-Timing on every response: what it cost
    "UNAVAILABLE_VIEW": "scaling.unavailable.plain",  # (request) -> the page for what is away
    # Database
    "REPLICAS": [],  # aliases in DATABASES; without any the primary is read
    "REPLICA_LAG_SECONDS": 10.0,  # a replica that is further behind is left out
    "PRIMARY_ONLY": {"admin", "auth", "contenttypes", "sessions", "jobs"},  # models, or whole apps
    "MODELS_ELSEWHERE": {},  # models that are on no primary -> (dotted path) says at which alias they are now
    "CAUSAL_CHANGES": "scaling.causal.NO_CHANGES",  # see scaling.causal.Changes
    # Cache
    "UNSTAMPED_TABLES": {"jobs_outbox", "jobs_version", "jobs_page", "jobs_pageuse"},  # see scaling.queries
    # Asynchronism: published pages
    "PUBLISH": "off",  # or "all"
    "SERVE_PUBLISHED": False,  # by this process, where no proxy does
    "PUBLISHED_STORE": "scaling.folder.Folder",  # (STORAGES["published"], release) -> see scaling.pages.Store
    "PUBLISHED_PURGE": "",  # (paths) that are new: see scaling.purging
    "CDN_PURGE_URL": "",  # where scaling.purging.http_purge sends them
    "PAGES_INDEX": "scaling.pages.NO_INDEX",  # see scaling.pages.Index
    "PAGES_SITE": "scaling.sites.NO_SITE",  # see scaling.sites.Site
}


def __getattr__(name: str) -> Any:
    if name in DEFAULTS:
        return getattr(project, name, DEFAULTS[name])
    if name.isupper():
        return getattr(project, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
