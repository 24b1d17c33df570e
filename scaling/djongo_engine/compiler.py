"""From querysets to SQL that djongo can read; what it would read wrongly is refused."""

from typing import Any

from django.db import NotSupportedError
from django.db.models import Expression, JSONField
from django.db.models.fields.json import KeyTransform
from django.db.models.lookups import IsNull, Lookup
from django.db.models.sql import compiler as stock


class SQLCompiler(stock.SQLCompiler):
    def compile(self, node: Any) -> tuple[str, Any]:
        """Django writes ORDER BY 1 for the first column, and djongo wants its name. Whatever looks into JSON is
        refused: djongo takes a dict as the path to a field and its value, and finds something else without a word."""
        if isinstance(node, stock.PositionRef):
            node = node.get_source_expressions()[0]
        if isinstance(node, KeyTransform) or _looks_into_json(node):
            raise NotSupportedError("djongo cannot search inside JSON: keep what is searched for in a column.")
        return super().compile(node)

    def get_converters(self, expressions: list[Expression]) -> dict:
        """A sub-document comes as a dict: JSONField would parse it once more, and fail."""
        found: dict = super().get_converters(expressions)
        return {
            place: (converters, expression)
            for place, (converters, expression) in found.items()
            if not (isinstance(expression.output_field, JSONField) and expression.output_field.decoder is None)
        }


def _looks_into_json(node: Any) -> bool:
    if not isinstance(node, Lookup) or isinstance(node, IsNull):
        return False
    return isinstance(getattr(node.lhs, "output_field", None), JSONField)


class SQLInsertCompiler(stock.SQLInsertCompiler, SQLCompiler):
    pass


class SQLDeleteCompiler(stock.SQLDeleteCompiler, SQLCompiler):
    pass


class SQLUpdateCompiler(stock.SQLUpdateCompiler, SQLCompiler):
    pass


class SQLAggregateCompiler(stock.SQLAggregateCompiler, SQLCompiler):
    pass
