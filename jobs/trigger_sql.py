"""The SQL of the triggers.

A part touches its object's row; the object's own trigger raises the version to max(old + 1, microseconds now) and
adds the outbox row. So a version never goes back, also not for a row made again under the same key.
"""

from .watched import Part, Watched

NOW = "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"
ROWS = {"INSERT": ["NEW"], "UPDATE": ["OLD", "NEW"], "DELETE": ["OLD"]}


def of_root(watched: Watched, outbox: str) -> dict[str, str]:
    """The three triggers of an object's own table: name to SQL."""
    table = watched.model._meta.db_table
    raise_version = f"UPDATE {table} SET version = max({{floor}}, {NOW}) WHERE id = NEW.id;"
    due = "".join(_add_when_due(watched, outbox, "SELECT NEW.id", column) for column in watched.due)
    bodies = {
        # This touches the row at once, and the update that does it adds the outbox row.
        "INSERT": raise_version.format(floor="NEW.version"),
        "UPDATE": raise_version.format(floor="OLD.version + 1") + _add(watched, outbox, "SELECT NEW.id", NOW) + due,
        "DELETE": _add(watched, outbox, "SELECT OLD.id", NOW),
    }
    return dict(_trigger(watched.name, change, table, body) for change, body in bodies.items())


def of_part(watched: Watched, part: Part, outbox: str) -> dict[str, str]:
    """The three triggers of a part's table: name to SQL."""
    table = part.model._meta.db_table
    triggers: dict[str, str] = {}
    for change, rows in ROWS.items():
        owners = " UNION ".join(_owner(part, row) for row in rows)
        body = f"UPDATE {watched.model._meta.db_table} SET version = version WHERE id IN ({owners});"
        if change != "DELETE":
            body += "".join(_add_when_due(watched, outbox, _owner(part, "NEW"), column) for column in part.due)
        condition = part.when.format(new="NEW", old="OLD") if change == "UPDATE" else ""
        triggers |= dict([_trigger(watched.name, change, table, body, condition)])
    return triggers


def _owner(part: Part, row: str) -> str:
    """A SELECT of the ids of the objects that a row belongs to."""
    return part.owner.format(row=row) if "{row}" in part.owner else f"SELECT {row}.{part.owner}"


def _add(watched: Watched, outbox: str, ids: str, due: str, condition: str = "1") -> str:
    return (
        f"INSERT INTO {outbox} (task, subject, due_at, attempt, created_at)"
        f" SELECT '{watched.task}', '{watched.name}:' || pk, {due}, 0, {NOW}"
        f" FROM (SELECT 0 AS pk WHERE 0 UNION ALL {ids}) WHERE {condition};"
    )


def _add_when_due(watched: Watched, outbox: str, ids: str, column: str) -> str:
    """A row for the moment in `column`, if it lies ahead. A millisecond later: the database's clock is no finer."""
    due = f"CAST((julianday(NEW.{column}) - 2440587.5) * 86400000000 AS INTEGER) + 1000"
    return _add(watched, outbox, ids, due, f"NEW.{column} IS NOT NULL AND {due} > {NOW}")


def _trigger(name: str, change: str, table: str, body: str, condition: str = "") -> tuple[str, str]:
    full_name = f"version_{name}_{table}_{change.lower()}"
    when = f" WHEN {condition}" if condition else ""
    return full_name, f"CREATE TRIGGER {full_name} AFTER {change} ON {table}{when} BEGIN {body} END"
