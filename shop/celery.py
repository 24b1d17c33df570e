"""The Celery application: workers, relay and beat start from here."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings.embedded")
app = Celery("shop")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.worker_consumer = "jobs.consuming.Consumer"
app.autodiscover_tasks()
app.autodiscover_tasks(related_name="objects")
