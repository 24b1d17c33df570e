"""What lies in the collection, and what djongo does to tables."""

import pytest
from django.db import DatabaseError, NotSupportedError, connections, models
from pymongo import ASCENDING, DESCENDING, MongoClient

from .models import Sheet

UNREADABLE = ["SELECT 1 + 1", "EXPLAIN SELECT 1", "VACUUM", 'SELECT "key" FROM "sheets_sheet" WHERE "is_gone"']
DATA = {"name": "One", "prices": [{"cents": 310}], "until": None}


def test_json_lies_there_as_a_document_and_comes_back_as_it_was(sheets):
    sheets.create(key=1, data=DATA)
    collection = connections[sheets.db].get_collection("sheets_sheet")
    assert collection.find_one({"data.prices.cents": 310})["data"] == DATA
    collection.update_one({"key": 1}, {"$set": {"data": {"other": [1, 2]}}})
    assert sheets.get(key=1).data == {"other": [1, 2]}


def test_json_is_what_json_makes_of_it(djongo):
    djongo.create(key=1, data={1: ("a", "b")})
    assert djongo.get(key=1).data == {"1": ["a", "b"]}


def test_the_key_has_one_row(sheets):
    indexes = connections[sheets.db].get_collection("sheets_sheet").index_information().values()
    assert [("key", ASCENDING)] in [each["key"] for each in indexes if each.get("unique")]


def test_an_index_goes_both_ways(sheets):
    indexes = connections[sheets.db].get_collection("sheets_sheet").index_information()
    assert indexes["newest_of_a_shelf"]["key"] == [("shelf", ASCENDING), ("version", DESCENDING)]
    assert [("shelf", ASCENDING)] in [each["key"] for each in indexes.values()]


def test_a_migration_changes_what_is_there(djongo, capsys):
    """A column comes with its default, and goes again; nothing is printed on the way."""
    djongo.create(key=1)
    connection = connections["djongo"]
    column = models.CharField(max_length=9, default="new")
    column.set_attributes_from_name("motto")
    with connection.schema_editor() as editor:
        editor.add_field(Sheet, column)
    collection = connection.get_collection("sheets_sheet")
    assert collection.find_one({"key": 1})["motto"] == "new"
    with connection.schema_editor() as editor:
        editor.remove_field(Sheet, column)
        editor.remove_index(Sheet, Sheet._meta.indexes[0])
        editor.add_index(Sheet, Sheet._meta.indexes[0])
    assert "motto" not in collection.find_one({"key": 1})
    assert "newest_of_a_shelf" in collection.index_information()
    assert capsys.readouterr().out == ""


def test_a_database_of_an_earlier_test_run_is_not_taken_over(djongo, mongo):
    connection = connections["djongo"]
    with MongoClient(mongo.url("test_left")) as client:
        client["test_left"]["things"].insert_one({})
        with connection.cursor() as cursor:
            connection.creation._execute_create_test_db(cursor, {"dbname": "test_left"}, keepdb=True)
            assert "test_left" in client.list_database_names()
            connection.creation._execute_create_test_db(cursor, {"dbname": "test_left"})
        assert "test_left" not in client.list_database_names()


def test_a_cursor_is_walked_through_and_read_in_parts(djongo):
    djongo.bulk_create(Sheet(key=number) for number in range(5))
    with connections["djongo"].cursor() as cursor:
        cursor.execute('SELECT "sheets_sheet"."key" FROM "sheets_sheet" ORDER BY "sheets_sheet"."key" ASC')
        assert cursor.fetchone() == (0,)
        assert cursor.fetchmany(2) == [(1,), (2,)]
        assert list(cursor) == [(3,), (4,)]
        assert cursor.fetchmany(2) == []
        assert cursor.fetchone() is None


def test_no_row_is_inserted_where_some_are_to_be_passed_over(djongo):
    with pytest.raises(NotSupportedError):
        djongo.bulk_create([Sheet(key=1)], ignore_conflicts=True)
    assert not djongo.exists()


def test_what_djongo_cannot_read_is_an_error_of_the_database(djongo):
    for sql in (
        'SELECT "key" FROM "sheets_sheet" WHERE "is_gone"',
        "SELECT 1 + 1",
        "EXPLAIN SELECT 1",
        'INSERT INTO "sheets_sheet" SELECT 1',
        "VACUUM",
    ):
        with pytest.raises(DatabaseError), connections["djongo"].cursor() as cursor:
            cursor.execute(sql)
            cursor.fetchall()
