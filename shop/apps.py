"""The admin is the bakery's own site: `settings.INSTALLED_APPS` names this instead of `django.contrib.admin`."""

from django.contrib.admin import apps


class BakeryAdminConfig(apps.AdminConfig):
    default = False  # else it would pass for the configuration of `shop`
    default_site = "shop.admin_site.BakerySite"
