"""What `manage.py check` refuses, because a promise of this package would be broken by it."""

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.db import connections


@register
def one_transaction_a_request(**_: Any) -> list[CheckMessage]:
    """ATOMIC_REQUESTS would send every read to the primary, and COMMIT only after the answer has been decided."""
    return [
        Error(
            f"ATOMIC_REQUESTS is on for the database '{alias}': no page would be read from a replica.",
            hint="Leave it off, and wrap what belongs together in transaction.atomic().",
            id="scaling.E001",
        )
        for alias in connections
        if connections[alias].settings_dict["ATOMIC_REQUESTS"]
    ]
