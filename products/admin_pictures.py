"""Uploading a picture in the admin: beside the field stands what is wrong with it, above the field what there is."""

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.utils.html import format_html
from django.utils.text import slugify

from .pictures import store


def thumbnail(stem: str, alt: str = "") -> str:
    """The small picture of a stem, or a dash."""
    if not stem:
        return "–"
    url = default_storage.url(f"{stem}-400.webp")
    return format_html('<img class="thumbnail" src="{}" alt="{}" width="64" height="64" loading="lazy">', url, alt)


class PictureForm(forms.ModelForm):
    """A model form whose stem is filled by an upload. `stem_field` names the column."""

    stem_field = "picture"
    upload = forms.FileField(
        required=False,
        label="Choose a picture",
        help_text="JPEG, PNG or WebP, 8 MB at most. It is cut to a square.",
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
    )

    def clean_upload(self):
        file = self.cleaned_data["upload"]
        if file and file.refusal:
            raise file.refusal
        return file

    def clean(self):
        if file := self.cleaned_data.get("upload"):
            setattr(self.instance, self.stem_field, file.stem)
        return super().clean()


class PictureUploadAdmin(admin.ModelAdmin):
    """Stores uploads before the admin opens its transaction, so that no writer waits while a picture is cut."""

    def changeform_view(self, request, *args, **options):
        for file in request.FILES.values():
            file.stem, file.refusal = _stored(file, self.opts.model_name)
        return super().changeform_view(request, *args, **options)


def _stored(file, name: str) -> tuple[str, ValidationError | None]:
    try:
        return store(file, name=slugify(file.name.rsplit(".", 1)[0])[:40] or name), None
    except ValidationError as refusal:
        return "", refusal
