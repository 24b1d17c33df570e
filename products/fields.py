"""Money is whole cents everywhere, and only people read euros."""

from decimal import Decimal

from django import forms
from django.core.validators import MinValueValidator
from django.db import models

CENT = Decimal("0.01")
NOT_FREE = "A price is one cent at least."


class EuroField(forms.DecimalField):
    """Euros in the form, always with both decimals; cents in the model."""

    default_error_messages = {"min_value": NOT_FREE}

    def __init__(self, **options):
        options |= {"max_digits": 8, "decimal_places": 2, "min_value": CENT}
        super().__init__(**options)

    def prepare_value(self, value):
        return (Decimal(value) / 100).quantize(CENT) if isinstance(value, int) else value

    def clean(self, value):
        euros = super().clean(value)
        return None if euros is None else int(euros * 100)

    def has_changed(self, initial, data):
        return super().has_changed(self.prepare_value(initial), data)


class CentsField(models.PositiveIntegerField):
    default_validators = [MinValueValidator(1, NOT_FREE)]

    def formfield(self, **options):
        return super(models.PositiveIntegerField, self).formfield(form_class=EuroField, **options)
