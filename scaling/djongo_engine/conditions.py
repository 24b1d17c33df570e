"""What WHERE may hold, in place of what djongo makes of it."""

import re
from typing import Any

from django.db import NotSupportedError
from djongo.sql2mongo import operators as stock
from djongo.sql2mongo.sql_tokens import SQLToken

from .statements import Gathered

PATTERN = re.compile(r"(%)?((?:[^\\%]|\\.)*)(%)?", re.DOTALL)  # what Django makes of a text
ESCAPED = re.compile(r"\\(.)", re.DOTALL)
END = r"$(?!\n)"


class Like(stock.LikeOp):
    """djongo takes the text as a regular expression, so that `|vegan|` finds everything and `(` is an error; stops at
    the end of a line; reads a text in braces as a path; and cannot be negated, as `exclude` does."""

    options = ""
    is_negated = False

    def _make_regex(self, token: Any) -> None:
        text = str(self.params[SQLToken.placeholder_index(token)])
        found = PATTERN.fullmatch(text)
        if not found:
            raise NotSupportedError(f"djongo cannot search for the pattern {text!r}.")
        before, inner, after = found.groups()
        plain = re.escape(ESCAPED.sub(r"\1", inner))
        self._regex = f"{'' if before else '^'}{plain}{'' if after else END}"

    def negate(self) -> None:
        self.is_negated = not self.is_negated

    def to_mongo(self) -> dict:
        condition = {"$regex": self._regex, "$options": self.options}
        return {self._field: {"$not": condition} if self.is_negated else condition}


class ILike(Like):
    options = "i"


class In(stock.InOp):
    """Its values are one parameter, see `statements.gathered`."""

    def _fill_in(self, token: Any) -> None:
        super()._fill_in(token)
        values = getattr(self, "_in", [])
        self._in = [each for value in values for each in (value if isinstance(value, Gathered) else [value])]


class NotIn(stock.NotInOp):
    _fill_in = In._fill_in


# djongo looks these names up in its own module when it meets the words.
stock.LikeOp, stock.iLikeOp, stock.InOp, stock.NotInOp = Like, ILike, In, NotIn
