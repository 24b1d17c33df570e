"""Money is whole cents everywhere, and only people read euros."""

from decimal import Decimal

from django import forms
from django.db import models


class EuroField(forms.DecimalField):
    """Euros in the form, cents in the model."""

    def __init__(self, **options):
        options |= {"max_digits": 8, "decimal_places": 2, "min_value": Decimal(0)}
        super().__init__(**options)

    def prepare_value(self, value):
        return Decimal(value) / 100 if isinstance(value, int) else value

    def clean(self, value):
        euros = super().clean(value)
        return None if euros is None else int(euros * 100)

    def has_changed(self, initial, data):
        return super().has_changed(self.prepare_value(initial), data)


class CentsField(models.PositiveIntegerField):
    def formfield(self, **options):
        return super(models.PositiveIntegerField, self).formfield(form_class=EuroField, **options)
