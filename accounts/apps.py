from importlib import import_module

from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_in

from jobs.triggers import watch
from jobs.watched import REFRESH, Part, Watched

from .visitors import remember_whoever_signed_in


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        import_module("accounts.data")  # whatever process this is, it knows these objects
        # Django's own signal: the admin has a door of its own, and whoever comes in there has a name, too.
        user_logged_in.connect(remember_whoever_signed_in)
        user, friendship = self.get_model("User"), self.get_model("Friendship")
        both = Part(friendship, "SELECT {row}.follower_id UNION SELECT {row}.followed_id")
        shown = ["{row}.name", "{row}.picture", "{row}.is_active"]  # and not the last sign-in
        watch(Watched("person", user, REFRESH, only=shown))
        watch(Watched("friends", user, REFRESH, [both], only=["{row}.id"]))
