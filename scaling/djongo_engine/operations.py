"""How values and clauses are written."""

import json
from collections.abc import Sequence
from typing import Any

from django.db import NotSupportedError
from djongo.operations import DatabaseOperations as Stock


class DatabaseOperations(Stock):
    compiler_module = "scaling.djongo_engine.compiler"

    def conditional_expression_supported_in_where_clause(self, expression: Any) -> bool:
        """djongo cannot read `WHERE "is_gone"`: Django writes `"is_gone" = %s` instead."""
        return False

    def adapt_json_value(self, value: Any, encoder: type[json.JSONEncoder] | None) -> Any:
        """djongo stores JSON as a text. This makes it a sub-document, with what JSON makes of keys and tuples."""
        return json.loads(json.dumps(value, cls=encoder))

    def bulk_insert_sql(self, fields: Any, placeholder_rows: Sequence[Sequence[str]]) -> str:
        """djongo parses the rows again, and newer versions of sqlparse group them otherwise: only the parameters are
        read here, so all there is must be parameters."""
        if any(placeholder != "%s" for row in placeholder_rows for placeholder in row):
            raise NotSupportedError("djongo inserts values, and no expressions.")
        return "VALUES"
