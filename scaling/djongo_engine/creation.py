"""Databases for tests."""

from typing import Any

from djongo.creation import DatabaseCreation as Stock


class DatabaseCreation(Stock):
    def _execute_create_test_db(self, cursor: Any, parameters: dict[str, str], keepdb: bool = False) -> None:
        """MongoDB makes a database of its first document, so djongo makes none, and would take one over that an
        earlier run has left behind."""
        if not keepdb:
            cursor.execute(f"DROP DATABASE {parameters['dbname']}")
