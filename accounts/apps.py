from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in

from .visitors import remember_whoever_signed_in


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # Django's own signal: the admin has a door of its own, and whoever comes in there has a name, too.
        user_logged_in.connect(remember_whoever_signed_in)
