"""SQL in the shapes that djongo knows: it was written against sqlparse 0.2.4, and today's groups words otherwise."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

import sqlparse
from sqlparse import tokens
from sqlparse.sql import Comparison, Statement, Token, TokenList

IN_LIST = re.compile(r"IN \((%s(?:, %s)*)\)|%s")
EXISTS = re.compile(r'^SELECT %s AS "a"')


class Gathered(list):
    """The values of one IN: a single parameter."""


def gathered(sql: str, params: Sequence[Any]) -> tuple[str, list[Any]]:
    """The values of every `IN (…)` as one parameter. sqlparse stops at 10,000 words, which are some 3,000 keys,
    and takes longer for every key than MongoDB does."""
    if " IN (" not in sql:
        return sql, list(params)
    rest, found = iter(params), []

    def one(match: re.Match) -> str:
        if match[1] is None:
            found.append(next(rest))
            return "%s"
        found.append(Gathered(next(rest) for _ in range(match[1].count("%s"))))
        return "IN (%s)"

    return IN_LIST.sub(one, sql), found


def with_a_literal(sql: str, params: Sequence[Any]) -> tuple[str, Sequence[Any]]:
    """`exists()` selects the number 1 as a parameter, where djongo wants to read a number."""
    if EXISTS.match(sql):
        return EXISTS.sub('SELECT (1) AS "a"', sql), params[1:]
    return sql, params


def parse(sql: str) -> Statement:
    """One statement, with the tokens that djongo looks for."""
    (statement,) = sqlparse.parse(sql)
    _reshape(statement)
    return statement


def _reshape(group: TokenList) -> None:
    group.tokens[:] = [each for token in group.tokens for each in _as_before(token)]
    for token in group.tokens:
        token.parent = group


def _as_before(token: Token) -> Iterator[Token]:
    """ORDER BY was two words, and LIKE was no comparison but three things beside each other."""
    if isinstance(token, TokenList):
        _reshape(token)
    if token.ttype is tokens.Keyword and token.normalized in ("ORDER BY", "GROUP BY"):
        for kind, word in ((tokens.Keyword, token.normalized[:5]), (tokens.Whitespace, " "), (tokens.Keyword, "BY")):
            yield Token(kind, word)
    elif isinstance(token, Comparison) and any(_is_like(each) for each in token.tokens):
        yield from (Token(tokens.Keyword, each.value) if _is_like(each) else each for each in token.tokens)
    else:
        yield token


def _is_like(token: Token) -> bool:
    return token.ttype is tokens.Operator.Comparison and token.value.upper() in ("LIKE", "ILIKE")
