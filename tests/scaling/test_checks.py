"""`manage.py check` says what would break a promise."""

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from django.db import connections


def test_one_transaction_a_request_is_refused(monkeypatch):
    monkeypatch.setitem(connections["default"].settings_dict, "ATOMIC_REQUESTS", True)
    with pytest.raises(SystemCheckError, match=r"scaling\.E001.*ATOMIC_REQUESTS is on for the database 'default'"):
        call_command("check")


def test_without_it_the_check_is_silent(capsys):
    call_command("check")
    assert "no issues" in capsys.readouterr().out
