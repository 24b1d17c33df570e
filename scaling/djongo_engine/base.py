"""The engine: `ENGINE: "scaling.djongo_engine"`."""

from typing import Any

from djongo import base as stock
from pymongo.collection import Collection
from pymongo.database import Database

from .clients import client_of
from .creation import DatabaseCreation
from .cursor import Cursor
from .features import DatabaseFeatures
from .operations import DatabaseOperations


class DatabaseWrapper(stock.DatabaseWrapper):
    """One alias in one thread; its sockets are the process's."""

    display_name = "MongoDB by djongo"
    creation_class = DatabaseCreation
    features_class = DatabaseFeatures
    ops_class = DatabaseOperations
    data_types = stock.DatabaseWrapper.data_types | {"JSONField": "object"}

    def get_connection_params(self) -> dict[str, Any]:
        """As the official engine has them: HOST is an address, mongodb://…, and OPTIONS are those of MongoClient."""
        address = {"host": self.settings_dict["HOST"]} if self.settings_dict["HOST"] else {}
        return address | self.settings_dict["OPTIONS"]

    def get_new_connection(self, params: dict[str, Any]) -> Database:
        self.client_connection = client_of(params)
        database = self.client_connection[self.settings_dict["NAME"] or "admin"]
        self.djongo_connection = stock.DjongoClient(database, enforce_schema=False)
        return database

    def get_collection(self, name: str) -> Collection:
        """As the official engine has it, for what SQL has no words for: see `scaling.mongodb` for its errors."""
        self.ensure_connection()
        collection: Collection = self.connection[name]
        return collection

    def create_cursor(self, name: str | None = None) -> Cursor:
        return Cursor(self.client_connection, self.connection, self.djongo_connection)

    def _close(self) -> None:
        """djongo closes the client, which is everybody's: the next request would find it closed."""

    def _rollback(self) -> None:
        """There is nothing to take back, and what was written stays: djongo raises an error in the middle of the one
        that is being handled, and closes the client."""
