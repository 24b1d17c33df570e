"""The parts of a product, edited on the product's own page."""

from django import forms
from django.contrib import admin
from django.db.models import F

from .admin_pictures import PictureForm, thumbnail
from .models import Picture, Price, Stock, Text


class PriceInline(admin.TabularInline):
    model = Price
    extra = 0
    verbose_name_plural = "prices: the newest without an end is the regular one, one with an end is a promotion"


class TextInline(admin.StackedInline):
    model = Text
    extra = 0
    max_num = len(Text.Kind)


class PictureInlineForm(PictureForm):
    stem_field = "stem"

    def clean(self):
        super().clean()
        if not self.instance.stem and "upload" not in self.errors:
            self.add_error("upload", "Choose a picture.")


class PictureInline(admin.TabularInline):
    model = Picture
    form = PictureInlineForm
    extra = 0
    fields = ("shown", "upload", "alt", "position")
    readonly_fields = ("shown",)

    @admin.display(description="picture")
    def shown(self, picture: Picture) -> str:
        return thumbnail(picture.stem, picture.alt)


class StockForm(forms.ModelForm):
    """Stores the difference to the figure that was shown: what is sold while the baker counts stays sold."""

    class Meta:
        model = Stock
        fields = ("quantity",)

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["quantity"].show_hidden_initial = True

    def save(self, commit: bool = True) -> Stock:
        if self.instance._state.adding or not commit:
            return super().save(commit)
        hidden = self.data.get(self.add_initial_prefix("quantity"))
        baked = self.cleaned_data["quantity"] - self.fields["quantity"].to_python(hidden)
        row = Stock.objects.filter(pk=self.instance.pk)
        row.filter(quantity__gte=-baked).update(quantity=F("quantity") + baked) or row.update(quantity=0)
        return self.instance


class StockInline(admin.TabularInline):
    model = Stock
    form = StockForm
    can_delete = False
    verbose_name_plural = "stock: the difference to what you see is added or taken away"
