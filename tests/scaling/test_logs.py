"""A line of the log is one JSON object that says where it comes from."""

import json
import logging
import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
from django.conf import settings

from scaling.clones import clone_id
from scaling.logs import JsonFormatter
from scaling.requests import on_behalf_of


def line(message="A loaf for %s", args=("Steve",), exc_info=None, **extra):
    record = logging.makeLogRecord(
        {"name": "shop", "levelname": "INFO", "msg": message, "args": args, "exc_info": exc_info} | extra
    )
    return JsonFormatter().format(record)


def test_it_says_what_where_and_for_which_request(settings):
    settings.RELEASE = "7"
    with on_behalf_of("a-request-id"):
        told = json.loads(line())
    at = datetime.fromisoformat(told.pop("time"))
    assert at.utcoffset() == timedelta(0)
    assert told == {
        "level": "INFO",
        "logger": "shop",
        "message": "A loaf for Steve",
        "clone": clone_id(),
        "release": "7",
        "request_id": "a-request-id",
    }


def test_whatever_is_in_it_it_is_one_line():
    try:
        raise ValueError("burnt\nblack")
    except ValueError:
        text = line("first\nsecond “quoted”\x00", (), sys.exc_info())
    assert "\n" not in text
    told = json.loads(text)
    assert told["message"] == "first\nsecond “quoted”\x00"
    assert told["exception"].endswith("ValueError: burnt\nblack")


def test_fields_of_its_own_come_along_and_replace_none_of_ours():
    told = json.loads(line(fields={"status": 200, "clone": "another", "odd": {1, 2}.__class__}))
    assert told["status"] == 200
    assert told["clone"] == clone_id()
    assert "set" in told["odd"]


def test_what_a_library_warns_of_is_a_line_like_any_other():
    """Celery warns so of a worker that is root, in seven lines."""
    code = "import django, warnings; django.setup(); warnings.warn('You are root:\\nuid=0', stacklevel=1)"
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "settings.embedded", "LOG_FORMAT": "json"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=settings.ROOT, env=environment, capture_output=True, text=True, check=True)
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [each["logger"] for each in told] == ["py.warnings"]
    assert "You are root:\nuid=0" in told[0]["message"]


@pytest.mark.parametrize("name", ["json", "line"])
def test_the_settings_have_both_formats(settings, name):
    assert name in settings.LOGGING["formatters"]
    assert settings.LOGGING["formatters"]["json"]["()"] == "scaling.logs.JsonFormatter"
