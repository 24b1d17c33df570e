"""Of the clones in test_serving.py: the embedded shop, on the database of the test, with some pages more."""

import os

from settings.base import *  # noqa: F403
from settings.base import CACHES, DATABASES, TEMPLATES

RELEASE = os.environ["RELEASE"]
SECRET_KEY = os.environ["SECRET_KEY"]
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "tests.shop.serving_urls"
PUBLISH = "off"
STORAGES = {"default": {"BACKEND": "django.core.files.storage.InMemoryStorage"}} | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}
DATABASES["default"]["NAME"] = os.environ["DATABASE"]
DATABASES["replica"]["NAME"] = f"file:{os.environ['DATABASE']}?mode=ro"
PAGES_OF_A_READY_CLONE = ["/", *filter(None, [os.environ.get("MUST_SHOW")])]
TEMPLATES[0]["DIRS"] += filter(None, [os.environ.get("MORE_TEMPLATES")])
CHECKS_AT_START = list(filter(None, [os.environ.get("CHECKED")]))
if os.environ.get("SAME_STORES"):
    CACHES["default"]["LOCATION"] = CACHES["keep"]["LOCATION"]
