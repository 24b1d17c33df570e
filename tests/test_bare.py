"""The shop opens with what README installs, and nothing else: what production and the tests need is not there."""

import re

from django.conf import settings

from .processes import python_of_the_shop

PINNED = re.compile(r"^([\w.-]+)==", re.MULTILINE)
EVERYTHING = """
import django
from django.core.management import get_commands, load_command_class
django.setup()
import shop.wsgi
from shop.celery import app
app.loader.import_default_modules()
ours = {name: owner for name, owner in get_commands().items() if owner in ("shop", "products", "accounts", "jobs")}
for name, owner in ours.items():
    load_command_class(owner, name)
print(len(ours), "jobs.objects.refresh" in app.tasks)
import boto3
"""


def test_the_shop_on_one_machine_needs_only_its_own_packages(tmp_path):
    """And boto3, at the end, shows that others are really out of reach."""
    listed = [(settings.ROOT / f"requirements{name}.txt").read_text() for name in ("", "-render")]
    told = {"BARE": " ".join(PINNED.findall("".join(listed))), "PYTHONPATH": str(settings.ROOT / "tests" / "bare")}
    done = python_of_the_shop(EVERYTHING, tmp_path, **told)
    count, has_tasks = done.stdout.split()
    assert int(count) > 10
    assert has_tasks == "True"
    assert done.stderr.rstrip().endswith("No module named 'boto3' (see tests/bare)")
