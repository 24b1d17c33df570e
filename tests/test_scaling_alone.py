"""`scaling/` without another package of ours, in a project made of nothing but the code of docs/scaling-alone.md."""

import json
import re
import socket

import pytest
from django.conf import settings

from .lifted import Project, two_stores

PAGE = settings.ROOT / "docs" / "scaling-alone.md"
LINES = 40
STEP = re.compile(r"^    django-admin (.*)\n", re.MULTILINE)
CHANGE = re.compile(r"^    (\w+(?:\.objects)?[.(]\S.*?)(?:  +#.*)?$", re.MULTILINE)
STORY = """
import json
from django.test import Client
from library.models import Book
from library.objects import BOOKS
from scaling.clock import now_us
from scaling.pages import publish, store

def ask(path, host="library.example", **headers):
    answer = Client(headers={{"host": host, **headers}}).get(path)
    return [answer.status_code, answer.content.decode().strip(), dict(answer.headers)]

def change():
{change}

Book.objects.create(pk=1, title="Emma", version=now_us())
told = {{"book": [ask("/books/1/"), ask("/books/1/")], "shelf": ask("/books/")}}
told["is_published"] = publish(["/books/"])
store().point()
told["page"] = ask("/books/")
told["again"] = ask("/books/", **{{"if-none-match": told["page"][2]["ETag"]}})
change()
told["changed"] = [ask("/books/1/"), ask("/books/")]
told["probes"] = [ask("/livez", "10.0.0.7"), ask("/readyz", "10.0.0.7")]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone")
    with two_stores(folder) as stores:
        told = {"DJANGO_SETTINGS_MODULE": "library.settings", "RELEASE": "r1"}
        yield Project(folder / "project", ["scaling"], PAGE, stores | told)


@pytest.fixture(scope="module")
def told(project):
    """What somebody sees who follows the page's steps, asks for all there is, and changes a book as the page says."""
    for step in STEP.findall(PAGE.read_text()):
        project.run("-m", "django", *step.split())
    changes = CHANGE.findall(PAGE.read_text().partition("whoever writes says so")[2])
    assert len(changes) == 3
    story = STORY.format(change="\n".join(f"    {line}" for line in changes))
    return json.loads(project.run("-m", "django", "shell", "--no-imports", "-c", story))


def costs(answer):
    """Statements by alias and round trips by server, of those that were asked at all."""
    found = re.findall(r'(\S+);desc="([1-9]\d*) (?:statements|round trips)"', answer[2]["Server-Timing"])
    return {name: int(count) for name, count in found}


def test_the_whole_project_has_forty_lines_of_code(project):
    lines = [line for code in project.files.values() for line in code.splitlines() if line.strip()]
    assert len(lines) <= LINES


def test_a_cached_object_costs_no_sql(told):
    first, second = told["book"]
    assert json.loads(first[1]) == json.loads(second[1]) == {"title": "Emma"}
    assert any(name.startswith("sql-") for name in costs(first))
    assert costs(second) == {"cache": 1}


def test_rows_are_read_on_the_replica(told):
    assert told["shelf"][1] == "<li>Emma</li>"
    assert costs(told["shelf"]) == {"sql-replica": 1}


def test_a_published_page_is_a_file_with_an_etag(told):
    assert told["is_published"] == {"/books/": True}
    assert told["page"][:2] == told["shelf"][:2]
    assert told["page"][2]["Content-Type"] == told["shelf"][2]["Content-Type"]
    assert costs(told["page"]) == {}
    assert (told["again"][0], told["again"][1]) == (304, "")


def test_who_changes_a_row_as_the_page_says_sees_it(told):
    book, shelf = told["changed"]
    assert (json.loads(book[1]), costs(book)) == ({"title": "Persuasion"}, {"cache": 1})
    assert (shelf[1], costs(shelf)) == ("<li>Persuasion</li>", {})


def test_probes_answer_and_every_answer_says_who_it_is_from(told):
    assert [answer[:2] for answer in told["probes"]] == [[200, "alive"], [200, "ready"]]
    for answer in (*told["book"], told["shelf"], told["page"], *told["probes"]):
        assert answer[2]["X-Clone"].startswith(f"{socket.gethostname()}-")
        assert answer[2]["X-Release"] == "r1"


def test_nobody_looks_into_jobs(project):
    named = project.run(
        "-c", "import django, sys; django.setup(); print([name for name in sys.modules if 'jobs' in name])"
    )
    assert named == "[]\n"
