"""Positions are merged and compared log by log, and read from what each database says of itself."""

from contextlib import contextmanager
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaling.positions import MariaDB, MySQL, Replication, covers, merged

FIRST, SECOND = "3e11fa47-71ca-11e1-9e33-c80aa9429562", "b0a2b8a0-2f0b-11ef-8d5a-0242ac110002"
positions = st.dictionaries(st.sampled_from("012"), st.integers(0, 5))


class Server:
    """A connection that answers each statement with one row, by column, and remembers what it was asked."""

    def __init__(self, **rows):
        self.rows = {statement.replace("_", " "): row for statement, row in rows.items()}
        self.asked = []

    @contextmanager
    def cursor(self):
        yield self

    def execute(self, statement, parameters=None):
        self.asked.append((statement, parameters))
        row = self.rows.get(statement, {} if statement.startswith("SHOW") else self.rows.get("value"))
        self.description = [(name, None) for name in row]
        self.fetchone = lambda: tuple(row.values()) or None


@given(st.lists(positions, max_size=4))
def test_what_is_merged_covers_each_part(parts):
    assert all(covers(merged(*parts), part) for part in parts)


@given(positions, positions, positions)
def test_nothing_earlier_covers_each_part(one, other, reached):
    covers_both = covers(reached, one) and covers(reached, other)
    assert covers(reached, merged(one, other)) == covers_both


@given(positions, positions, positions)
def test_the_order_of_merging_does_not_matter(one, other, third):
    assert merged(one, other) == merged(other, one)
    assert merged(one, merged(other, third)) == merged(merged(one, other), third)


def test_merging_changes_no_part():
    one, other = {"0": 1}, {"0": 2, "1": 3}
    assert merged(one, other) == {"0": 2, "1": 3}
    assert (one, other) == ({"0": 1}, {"0": 2, "1": 3})


@pytest.mark.parametrize(
    ("reached", "asked", "is_covered"),
    [
        ({}, {}, True),
        ({"0": 5}, {}, True),
        ({"0": 5}, {"0": 5}, True),
        ({"0": 5}, {"0": 6}, False),
        ({"0": 10}, {"0": 9}, True),
        ({"0": 5}, {"1": 1}, False),
        ({"0": 9, "1": 1}, {"0": 1, "1": 2}, False),
    ],
)
def test_every_log_must_have_come_so_far(reached, asked, is_covered):
    assert covers(reached, asked) is is_covered


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", {}),
        (None, {}),
        ("0-1-42", {"0": 42}),
        ("0-1-42,7-3-9", {"0": 42, "7": 9}),
        (" 0-1-42 ,\n7-3-9,", {"0": 42, "7": 9}),
        ("0-2-100,0-1-99", {"0": 100}),
        ("0-1-99,0-2-100", {"0": 100}),
    ],
)
def test_mariadb_counts_by_domain_whichever_server_wrote(text, position):
    assert MariaDB().parse(text) == position


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", {}),
        (None, {}),
        (f"{FIRST}:7", {FIRST: 7}),
        (f"{FIRST}:1-5", {FIRST: 5}),
        (f"{FIRST}:1-5:8", {FIRST: 8}),
        (f"{FIRST}:1-5:8-11", {FIRST: 11}),
        (f"{FIRST}:1-5,\n{SECOND}:1-3:7", {FIRST: 5, SECOND: 7}),
        (f" {FIRST} : 1-5 , {SECOND}:2 ", {FIRST: 5, SECOND: 2}),
    ],
)
def test_mysql_counts_by_source_up_to_the_end_of_its_last_interval(text, position):
    assert MySQL().parse(text) == position


@pytest.mark.parametrize(
    ("log", "position", "text"),
    [
        (MariaDB(), {}, ""),
        (MariaDB(), {"0": 42, "7": 9}, "0-1-42,7-1-9"),
        (MySQL(), {}, ""),
        (MySQL(), {FIRST: 5, SECOND: 7}, f"{FIRST}:1-5,{SECOND}:1-7"),
    ],
)
def test_a_position_is_written_as_the_server_reads_it(log, position, text):
    assert log.text(position) == text
    assert log.parse(text) == position


@pytest.mark.parametrize("log", [MariaDB(), MySQL()])
@pytest.mark.parametrize(("answer", "is_reached"), [(0, True), (1, False), (-1, False), (None, False)])
def test_only_a_nought_says_that_it_was_reached(log, answer, is_reached):
    server = Server(value={"waited": answer})
    position = {"0": 42}
    assert log.wait(server, position, 0.5) is is_reached
    ((_, parameters),) = server.asked
    assert parameters == (log.text(position), 0.5)


def mariadb_replica(io="Yes", io_error="", sql_error=""):
    row = {"Slave_IO_Running": io, "Last_IO_Error": io_error, "Last_SQL_Error": sql_error, "Gtid_Slave_Pos": "0-1-42"}
    return MariaDB().replication(Server(SHOW_ALL_SLAVES_STATUS=row)), {"0": 42}


def mysql_replica(io="Yes", io_error="", sql_error=""):
    row = {"Replica_IO_Running": io, "Last_IO_Error": io_error, "Last_SQL_Error": sql_error}
    row["Executed_Gtid_Set"] = f"{FIRST}:1-42"
    return MySQL().replication(Server(SHOW_REPLICA_STATUS=row)), {FIRST: 42}


@pytest.mark.parametrize("replica", [mariadb_replica, mysql_replica])
@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ({}, ""),
        ({"io": "Connecting", "io_error": "Can't connect to server"}, ""),
        ({"io": "No", "io_error": "Could not find first log file"}, "Could not find first log file"),
        ({"io": "No"}, ""),
        ({"sql_error": "Duplicate entry"}, "Duplicate entry"),
        ({"io": "Connecting", "io_error": "Can't connect", "sql_error": "Duplicate entry"}, "Duplicate entry"),
    ],
)
def test_a_replica_is_in_trouble_when_it_has_given_up(replica, said, trouble):
    replication, position = replica(**said)
    assert replication == Replication(position, trouble, is_replica=True)


@pytest.mark.parametrize(
    ("log", "written", "position"),
    [(MariaDB(), "0-1-42", {"0": 42}), (MySQL(), f"{FIRST}:1-42", {FIRST: 42})],
)
def test_who_replicates_from_nobody_is_no_replica(log, written, position):
    server = partial(Server, value={"position": written})
    assert log.replication(server()) == Replication(position, "", is_replica=False)
    assert log.current(server()) == log.last_written(server()) == position


def test_what_mysql_wrote_under_a_tag_is_a_log_of_its_own():
    position = MySQL().parse("u:1-5:tag:1-3:7,w:other:2")
    assert position == {"u": 5, "u:tag": 7, "w:other": 2}
    assert MySQL().text(position) == "u:1-5,u:tag:1-7,w:other:1-2"
