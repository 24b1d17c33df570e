"""What `manage.py check` says of databases that djongo speaks to."""

import warnings

import pytest
from django.apps import apps
from django.db import models

from scaling.djongo_checks import an_engine_that_works, plain_models, transactions_that_are_taken_back


@pytest.fixture
def djongo(settings):
    """A database that djongo asks, beside the others."""
    return asked_by(settings, "scaling.djongo_engine", "documents")


def asked_by(settings, engine, alias):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nothing is opened here
        settings.DATABASES = settings.DATABASES | {alias: {"ENGINE": engine}}
    return settings


def ids(found):
    return [each.id for each in found]


def test_documents_may_lie_there(djongo):
    assert an_engine_that_works() == transactions_that_are_taken_back() == plain_models() == []


def test_nothing_is_said_where_there_is_no_djongo(settings):
    settings.MODELS_ELSEWHERE = {"products.review": ""}
    assert an_engine_that_works() == transactions_that_are_taken_back() == plain_models() == []


def test_djongos_own_engine_is_refused(djongo):
    asked_by(djongo, "djongo", "documents")
    assert ids(an_engine_that_works()) == ["scaling.E028"]


@pytest.mark.parametrize("alias", ["default", "replica"])
def test_djongo_is_no_primary_and_no_replica(djongo, alias):
    djongo.REPLICAS = ["replica"]
    asked_by(djongo, "scaling.djongo_engine", alias)
    assert ids(transactions_that_are_taken_back()) == ["scaling.E029"]


def test_a_model_that_needs_more_is_refused(djongo):
    djongo.MODELS_ELSEWHERE = {"products.review": ""}
    told = [each.msg for each in plain_models()]
    assert len(told) >= 2
    assert any("is joined to others (product" in each for each in told)
    assert any("a key that the database counts" in each for each in told)


def test_a_constraint_is_refused_unless_it_is_plainly_unique(djongo, monkeypatch):
    djongo.MODELS_ELSEWHERE = {"products.document": ""}
    meta = apps.get_model("products.document")._meta
    unique = models.UniqueConstraint(fields=["shape"], name="unique")
    partly = models.UniqueConstraint(fields=["shape"], condition=models.Q(is_gone=False), name="partly")
    positive = models.CheckConstraint(condition=models.Q(price__gt=0), name="positive")
    monkeypatch.setattr(meta, "constraints", [unique])
    assert plain_models() == []
    monkeypatch.setattr(meta, "constraints", [unique, partly, positive])
    (found,) = plain_models()
    assert found.id == "scaling.E030"
    assert "(partly, positive)" in found.msg
