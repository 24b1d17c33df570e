"""What the repository promises about itself."""

import re
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import call_command

from bench.prove import PROOFS

READS = re.compile(r"""env(?:\.\w+)?\(\s*"([A-Z_]+)\"""")
REQUIREMENTS = sorted(path.name for path in settings.ROOT.glob("requirements*.txt"))


def test_the_example_lists_every_setting_that_is_read_from_the_environment():
    read = {name for path in (settings.ROOT / "settings").glob("*.py") for name in READS.findall(path.read_text())}
    lines = (settings.ROOT / ".env.example").read_text().splitlines()
    listed = [line.partition("=")[0] for line in lines if "=" in line and not line.startswith("#")]
    assert sorted(listed) == sorted(read)


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, stdout=StringIO())


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_requirements_are_pinned_and_say_nothing_of_the_machine_that_compiled_them(name):
    lines = [line for line in (settings.ROOT / name).read_text().splitlines() if line and line.strip()[0] != "#"]
    assert lines
    assert [line for line in lines if not re.match(r"[\w.-]+==\S+", line)] == []


@pytest.mark.parametrize("name", REQUIREMENTS)
def test_every_requirement_that_was_asked_for_is_pinned(name):
    asked = (settings.ROOT / name).with_suffix(".in").read_text().lower()
    pinned = (settings.ROOT / name).read_text().lower()
    names = re.findall(r"^([a-z][\w.-]*)", asked, re.MULTILINE)
    assert [each for each in names if f"\n{each}==" not in pinned] == []


def test_the_readme_names_what_is_there():
    text = (settings.ROOT / "README.md").read_text()
    linked = {each.partition("#") for each in re.findall(r"\]\(([^)]+)\)", text)}
    assert [path for path, _, _ in linked if not (settings.ROOT / path).exists()] == []
    for path, _, anchor in linked:
        assert not anchor or anchor in anchors(settings.ROOT / path), (path, anchor)
    proofs = {name for names in re.findall(r"`make prove ([^`]+)`", text) for name in names.split()}
    assert proofs
    assert proofs <= PROOFS.keys()
    assert "“Cached object”" in text
    changed = settings.ROOT / "shop/admin_templates/admin/products/product/change_form.html"
    assert ">Cached object<" in changed.read_text()


def anchors(path):
    """How a heading is linked to: small letters, hyphens for spaces, and no other signs."""
    headings = re.findall(r"^#+ (.*)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
