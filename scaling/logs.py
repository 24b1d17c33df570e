"""Clones: ten machines, one log. Each line is a JSON object that says by itself where it comes from.

A text log of one clone is read by somebody who sits there. The lines of many are collected and searched: by clone, by
release, and by the id of the request, which relay and workers take over (`scaling.requests`).
"""

import json
import logging
from datetime import UTC, datetime

from . import settings
from .clones import clone_id
from .requests import request_id


class JsonFormatter(logging.Formatter):
    """One object a line. What is logged with `extra={"fields": {…}}` adds its fields, and takes no name from ours."""

    def format(self, record: logging.LogRecord) -> str:
        line = getattr(record, "fields", {}) | {
            "time": datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "clone": clone_id(),
            "release": settings.RELEASE,
            "request_id": request_id(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)
