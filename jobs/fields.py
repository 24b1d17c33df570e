"""Text for programs."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class ExactField(models.CharField):
    """Equal is what is equal byte by byte, and that is its order, on every database.

    MariaDB would take “søt” for “sot”, and put capitals elsewhere than SQLite and Valkey do.
    """

    def db_parameters(self, connection: BaseDatabaseWrapper) -> dict[str, Any]:
        parameters = super().db_parameters(connection)
        return parameters | ({"collation": "utf8mb4_bin"} if connection.vendor == "mysql" else {})
