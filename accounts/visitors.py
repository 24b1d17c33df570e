"""What pages show of the visitor who signed in, kept in the session: no page asks the database for a name."""

from django.core.files.storage import default_storage


def remember(request, user) -> None:
    """Put the short name and the picture's address (or None) into the session. Call it when one of them changes."""
    request.session["name"] = user.get_short_name()
    request.session["picture"] = default_storage.url(user.picture) if user.picture else None


def remember_whoever_signed_in(sender, request, user, **kwargs) -> None:
    remember(request, user)
