"""`manage.py check` says when pages would be published or served by nobody."""

import pytest
from django.core.checks import run_checks
from django.core.management import call_command
from django.core.management.base import SystemCheckError


@pytest.fixture(autouse=True)
def publishing(settings, pages_folder):
    """All is well: pages are published into a folder that is there, and served from it."""
    settings.SERVE_PUBLISHED = True


def refused(said, *words):
    with pytest.raises(SystemCheckError, match=said):
        call_command("check", *words)


def deployed():
    """Nothing is said of pages to a deployment either. These settings are no clone's, and it hears of that."""
    found = {message.id for message in run_checks(include_deployment_checks=True)}
    assert found & {"scaling.E007", "scaling.E008", "scaling.E009", "scaling.E010"} == set()


@pytest.mark.parametrize("wanted", ["all", "off", "0", "250"])
def test_what_can_be_published_is_accepted(settings, wanted):
    settings.PUBLISH = wanted
    deployed()


@pytest.mark.parametrize("wanted", ["", "some", "ALL", "-1", "1.5", "²", 250, None, True])
def test_anything_else_is_refused(settings, wanted):
    settings.PUBLISH = wanted
    refused(r'(?s)scaling\.E007.*PUBLISH is .*HINT: Write "all", "off", or')


def test_pages_need_a_storage(settings):
    settings.STORAGES = {name: value for name, value in settings.STORAGES.items() if name != "published"}
    refused(r"(?s)scaling\.E008.*STORAGES has no 'published'.*HINT: Add \"published\"", "--deploy")
    settings.PUBLISH = "off"
    deployed()


def test_what_is_no_folder_cannot_be_served_by_clones(settings):
    settings.PUBLISHED_STORE = "scaling.pages.Store"
    refused(r"(?s)scaling\.E009.*scaling\.pages\.Store is no folder.*HINT: Leave it off")
    settings.SERVE_PUBLISHED = False
    deployed()


def test_a_folder_that_is_not_there_is_refused_where_it_is_deployed(settings, tmp_path):
    published = settings.STORAGES["published"] | {"OPTIONS": {"location": tmp_path / "not-mounted"}}
    settings.STORAGES = settings.STORAGES | {"published": published}
    call_command("check")
    refused(r"(?s)scaling\.E010.*no folder .*not-mounted.*HINT: Mount there", "--deploy")
    assert not (tmp_path / "not-mounted").exists()
    settings.SERVE_PUBLISHED = False
    deployed()
