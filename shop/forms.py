"""What visitors type into the basket and the checkout, and what they are told when it does not fit."""

from django import forms
from django.core.validators import RegexValidator

from .baskets import MAX_QUANTITY

LARGEST_ID = 2**63 - 1
FEWEST_DIGITS = 9


class IdField(forms.IntegerField):
    """The id of a row, within what a database can hold."""

    def __init__(self, **options):
        super().__init__(min_value=1, max_value=LARGEST_ID, **options)


class QuantityField(forms.IntegerField):
    def __init__(self, *, least: int, **options):
        few = f"Choose a number from {least} to {MAX_QUANTITY}."
        messages = dict.fromkeys(("invalid", "required", "min_value"), few)
        messages["max_value"] = f"{MAX_QUANTITY} of one kind is the most for one bag."
        super().__init__(min_value=least, max_value=MAX_QUANTITY, error_messages=messages, **options)


class AddForm(forms.Form):
    product = IdField()
    n = QuantityField(least=1)


class CheckoutForm(forms.Form):
    """Who is coming, and when. `key` is the basket's id, `shown` the total in cents that the form was shown with."""

    slot = IdField(
        label="Time", error_messages=dict.fromkeys(("required", "invalid", "max_value"), "Choose a time to collect.")
    )
    name = forms.CharField(
        label="Name on the bag",
        max_length=80,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        error_messages={"required": "Tell us a name, so that we hand the bag to the right person."},
    )
    email = forms.EmailField(
        label="E-mail, for the confirmation",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": "We need an address to confirm your order to.",
            "invalid": "This does not look like an e-mail address. Example: ana@example.com",
        },
    )
    phone = forms.CharField(
        label="Phone, in case a loaf goes wrong",
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
        validators=[
            RegexValidator(r"^\+?[0-9 ()./-]+$", "A phone number has figures only. Example: +44 7700 900123")
        ],
    )
    note = forms.CharField(label="Anything we should know?", max_length=300, required=False)
    key = forms.CharField(widget=forms.HiddenInput, max_length=32)
    shown = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def clean_phone(self) -> str:
        phone = self.cleaned_data["phone"]
        if phone and sum(sign.isdigit() for sign in phone) < FEWEST_DIGITS:
            raise forms.ValidationError("Some figures seem to be missing. Example: +44 7700 900123")
        return phone

    def contact(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in ("name", "email", "phone", "note")}
