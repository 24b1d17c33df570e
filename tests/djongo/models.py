"""A plain model, as the document is one."""

from django.db import models


class Sheet(models.Model):
    key = models.BigIntegerField(primary_key=True)
    version = models.BigIntegerField(default=1)
    shelf = models.BigIntegerField(default=0, db_index=True)
    name = models.CharField(max_length=60, default="")
    tags = models.CharField(max_length=100, default="")
    is_gone = models.BooleanField(default=False)
    data = models.JSONField(default=dict)

    class Meta:
        app_label = "sheets"
        indexes = [models.Index(fields=["shelf", "-version"], name="newest_of_a_shelf")]

    def __str__(self):
        return self.name
