"""System checks of settings that this package cannot do without."""

from typing import Any

from django.core.checks import CheckMessage, Error, register

from scaling import settings

CHANGES = "jobs.changes.CHANGES"


@register
def changes_are_told(**_: Any) -> list[CheckMessage]:
    """Whoever has written is shown it only by who knows what the triggers have seen."""
    if settings.DEFAULTS["CAUSAL_CHANGES"] != settings.CAUSAL_CHANGES:
        return []
    told = "CAUSAL_CHANGES is not set: visitors would be shown what they have written only once it is built."
    return [Error(told, hint=f'Write CAUSAL_CHANGES = "{CHANGES}".', id="jobs.E003")]
