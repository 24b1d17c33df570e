from importlib import import_module

from django.apps import AppConfig, apps
from django.contrib.admin import apps as admin

from jobs.triggers import watch
from jobs.watched import REFRESH, Part, Watched

from . import tracing


class BakeryAdminConfig(admin.AdminConfig):
    """The admin is the bakery's own site: `settings.INSTALLED_APPS` names this instead of `django.contrib.admin`."""

    default = False  # else it would pass for the configuration of `shop`
    default_site = "shop.admin_site.BakerySite"


class ShopConfig(AppConfig):
    name = "shop"

    def ready(self) -> None:
        tracing.prepare()
        import_module("shop.stream")  # whatever process this is, it knows these objects
        user, friendship = apps.get_model("accounts.User"), apps.get_model("accounts.Friendship")
        product, review = apps.get_model("products.Product"), apps.get_model("products.Review")
        reviews = f"SELECT id FROM {review._meta.db_table} WHERE"
        parts = [
            Part(
                user,
                f"{reviews} author_id = {{row}}.id",
                only=["{row}.name", "{row}.picture", "{row}.is_active"],
                in_bulk=True,
            ),
            Part(product, f"{reviews} product_id = {{row}}.id", only=["{row}.is_published"]),
        ]
        watch(Watched("activity", review, REFRESH, parts))
        follows = Part(friendship, "follower_id", only=["{row}.follower_id", "{row}.followed_id", "{row}.state"])
        watch(Watched("stream", user, "shop.tasks.drop_streams", [follows], only=["{row}.id"]))
