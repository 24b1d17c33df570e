"""The causal token: what a visitor has written and must see again.

A signed cookie carries it, and `keep` holds the same, merged by maximum, for a visitor who writes in two windows at
once. Each token has an id, which is part of the cookie's name: so an answer that drops one never drops another that
was begun meanwhile.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from django.core import signing
from django.http import HttpRequest, HttpResponse

from . import lua, settings
from .clock import now_us
from .positions import Position, merged
from .reading import CACHE_DOWN
from .stores import keep

PREFIX = "causal-"
NAME = re.compile(PREFIX + "([0-9a-f]{16})")
SALT = "scaling.tokens"
DAY = 24 * 3600  # a token that nothing has ended by then belongs to nobody
MOST_OBJECTS = 20
MOST_COOKIES = 8

_merge, _drop = lua.Script("token_merge"), lua.Script("token_drop")


@dataclass(frozen=True, slots=True)
class Token:
    """`position` of the primary, `objects` changed ("name:id") with their versions. With `whole_since` (microseconds)
    it does not say which objects: all is read from the primary until what changed before is built again."""

    position: Position = field(default_factory=dict)
    objects: dict[str, int] = field(default_factory=dict)
    whole_since: int = 0
    epoch: int = 0
    ids: tuple[str, ...] = ()  # of the cookies it came in

    def merge(self, other: "Token") -> "Token":
        """What must be seen by whoever must see both."""
        return Token(
            merged(self.position, other.position),
            merged(self.objects, other.objects),
            max(self.whole_since, other.whole_since),
            max(self.epoch, other.epoch),
            self.ids + other.ids,
        )

    def shortened(self) -> "Token":
        """The same promise in few words: of very many objects none is named."""
        return replace(self, objects={}, whole_since=now_us()) if len(self.objects) > MOST_OBJECTS else self


def brought(request: HttpRequest) -> Token | None:
    """The token of a visitor, or None. Cookies that are not ours, or broken, count as none: see `forget_broken`."""
    ids = _ids(request)
    tokens = {id_: token for id_ in ids[:MOST_COOKIES] if (token := _opened(request.COOKIES[PREFIX + id_], id_))}
    if not tokens:
        return None
    whole = Token(whole_since=now_us() if ids[MOST_COOKIES:] else 0)  # what the others name is not known
    for token in [*tokens.values(), *_kept(list(tokens))]:
        whole = whole.merge(token)
    return replace(whole, ids=tuple(tokens))


def give(token: Token, response: HttpResponse) -> None:
    """Keep the token, and send its cookie; the cookies that it came in are part of it from now on."""
    token = token.shortened()
    id_ = token.ids[0] if token.ids else secrets.token_hex(8)
    try:
        if not _merge(keep(), [f"token:{id_}"], [DAY, "known" if token.ids else "", *_flat(token)]):
            id_ = secrets.token_hex(8)
            _merge(keep(), [f"token:{id_}"], [DAY, "", *_flat(token)])
    except CACHE_DOWN:
        pass  # the cookie says the same
    for old in token.ids:
        if old != id_:
            response.delete_cookie(PREFIX + old)
    response.set_cookie(
        PREFIX + id_,
        signing.dumps(_packed(token), salt=SALT + id_),
        max_age=DAY,
        httponly=True,
        secure=settings.SESSION_COOKIE_SECURE,
        samesite="Lax",
    )


def drop(token: Token, response: HttpResponse) -> None:
    """End a token whose promise is kept, unless more was merged into it meanwhile."""
    calls = [(_drop, [f"token:{id_}"], _flat(token)) for id_ in token.ids]
    try:
        gone = lua.run(keep(), calls)
    except CACHE_DOWN:
        gone = [1] * len(calls)
    for id_, is_gone in zip(token.ids, gone, strict=True):
        if is_gone:
            response.delete_cookie(PREFIX + id_)


def forget_broken(request: HttpRequest, token: Token | None, response: HttpResponse) -> None:
    """Have the browser drop cookies that look like ours and are not."""
    for id_ in set(_ids(request)[:MOST_COOKIES]) - set(token.ids if token else ()):
        response.delete_cookie(PREFIX + id_)


def bears_one(request: HttpRequest) -> bool:
    """Whether it may be the request of a visitor who has written: any cookie that looks like ours will do."""
    return any(name.startswith(PREFIX) for name in request.COOKIES)


def _ids(request: HttpRequest) -> list[str]:
    return [found[1] for name in request.COOKIES if (found := NAME.fullmatch(name))]


def _kept(ids: Sequence[str]) -> list[Token]:
    """What `keep` holds of these tokens; nothing while it is down."""
    try:
        pipeline = keep().pipeline(transaction=False)
        for id_ in ids:
            pipeline.hgetall(f"token:{id_}")
        return [_unflat(found) for found in pipeline.execute()]
    except CACHE_DOWN:
        return []


def _flat(token: Token) -> list[str | int]:
    """Fields and numbers: what merging by maximum is easy of."""
    fields = {f"p:{log}": number for log, number in token.position.items()}
    fields |= {f"o:{name}": version for name, version in token.objects.items()}
    fields |= {"whole": token.whole_since, "epoch": token.epoch}
    return [part for pair in fields.items() for part in pair]


def _unflat(found: dict[bytes, bytes]) -> Token:
    numbers = {name.decode(): int(number) for name, number in found.items()}
    position = {name[2:]: number for name, number in numbers.items() if name.startswith("p:")}
    objects = {name[2:]: number for name, number in numbers.items() if name.startswith("o:")}
    return Token(position, objects, numbers.get("whole", 0), numbers.get("epoch", 0))


def _packed(token: Token) -> list:
    return [token.position, token.objects, token.whole_since, token.epoch]


def _opened(cookie: str, id_: str) -> Token | None:
    """The token in a cookie that we signed for this id; None for anything else."""
    try:
        position, objects, whole_since, epoch = signing.loads(cookie, salt=SALT + id_, max_age=DAY)
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Token(position, objects, whole_since, epoch, (id_,))
