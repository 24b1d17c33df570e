"""`scaling/` and `jobs/` in an empty project, made of nothing but the code of docs/your-own-shop.md."""

import json
import re

import pytest
from django.conf import settings

from .lifted import Project, two_stores

PAGE = settings.ROOT / "docs" / "your-own-shop.md"
STEP = re.compile(r"^    python (manage\.py .*)\n", re.MULTILINE)
MANAGE = """
import os, sys
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "library.settings"
execute_from_command_line(sys.argv)
"""
STORY = """
import json
from django.test import Client
from jobs.models import Outbox
from jobs.objects import refresh
from jobs.relay import Relay
from library.models import Book
from library.objects import BOOKS
from scaling.xray import measured

def page():
    answer = Client(headers={"host": "library.example"}).get(f"/books/{book.pk}/")
    return answer.status_code, answer.json().get("title") if answer.status_code == 200 else None

def trips():
    with measured() as cost:
        title = BOOKS.get(book.pk)["title"]
    return title, cost.sql.total(), cost.trips["cache"]

def work():
    Relay().turn()
    refresh.run([[row.pk, row.subject] for row in Outbox.objects.all()])
    return Outbox.objects.count()

book = Book.objects.create(title="Emma")
told = {"waiting": list(Outbox.objects.values_list("task", "subject"))}
told["got"] = trips(), trips()
Book.objects.filter(pk=book.pk).update(title="Persuasion")
told["done"] = work()
told["refreshed"] = trips()
BOOKS.forget([book.pk])
told["forgotten"] = BOOKS.peek(book.pk) is None, page(), trips()
pk = book.pk
Book.objects.all().delete()
told["gone"] = work(), page()
print(json.dumps(told))
"""


@pytest.fixture
def project(tmp_path):
    """What runs a command in a folder with the two packages, a manage.py and the files that the page shows."""
    with two_stores(tmp_path) as stores:
        made = Project(tmp_path / "project", ("scaling", "jobs"), PAGE, stores)
        (made.folder / "manage.py").write_text(MANAGE)
        yield made.run


def test_a_project_made_from_the_page_gets_refreshes_and_forgets_an_object(project):
    """Given the two folders and the code of the page
    When somebody follows its steps, and then changes and deletes a book
    Then the object is read without SQL, follows its row, and is gone when the row is."""
    for step in STEP.findall(PAGE.read_text())[:3]:
        project(*step.split())
    told = json.loads(project("manage.py", "shell", "--no-imports", "-c", STORY))
    assert told["waiting"] == [["jobs.objects.refresh", "book:1"]]
    assert told["got"][0][0] == "Emma"
    assert told["got"][1] == ["Emma", 0, 1]
    assert told["done"] == 0
    assert told["refreshed"] == ["Persuasion", 0, 1]
    assert told["forgotten"] == [True, [200, "Persuasion"], ["Persuasion", 0, 1]]
    assert told["gone"] == [0, [404, None]]
    assert "takes every write" in project("manage.py", "replicas")
    assert "Nothing waits" in project("manage.py", "relay", "--backlog")
