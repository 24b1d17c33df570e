"""Scripts run inside the cache server: what must be seen and changed in one step, in one round trip."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import NoScriptError

Call = tuple["Script", Sequence[Any], Sequence[Any]]


class Script:
    """One Lua file beside this module, known to the server by its hash."""

    def __init__(self, name: str) -> None:
        self.source = (Path(__file__).parent / "scripts" / f"{name}.lua").read_text()
        self.sha = hashlib.sha1(self.source.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, client: Redis, keys: Sequence[Any], args: Sequence[Any]) -> Any:
        return run(client, [(self, keys, args)])[0]


def run(client: Redis, calls: Sequence[Call]) -> list[Any]:
    """Run all calls in one round trip, in order. A server that does not know a script is told it and asked again."""
    answers = _evaluate(client, calls)
    if any(isinstance(answer, NoScriptError) for answer in answers):
        for script in {call[0] for call in calls}:
            client.script_load(script.source)
        again = [i for i, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        for i, answer in zip(again, _evaluate(client, [calls[i] for i in again]), strict=True):
            answers[i] = answer
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


def _evaluate(client: Redis, calls: Sequence[Call]) -> list[Any]:
    pipeline = client.pipeline(transaction=False)
    for script, keys, args in calls:
        pipeline.execute_command("EVALSHA", script.sha, len(keys), *keys, *args)
    return pipeline.execute(raise_on_error=False)
