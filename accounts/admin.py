"""Who has an account, and who follows whom."""

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm

from .models import Friendship, User


class LowerCaseEmail:
    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class NewAccountForm(LowerCaseEmail, AdminUserCreationForm):
    class Meta:
        model = User
        fields = ("email", "name")
        field_classes = {"email": forms.EmailField}


class AccountForm(LowerCaseEmail, UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"
        field_classes = {"email": forms.EmailField}


@admin.register(User)
class AccountAdmin(UserAdmin):
    form = AccountForm
    add_form = NewAccountForm
    list_display = ("name", "email", "phone", "is_staff", "is_active", "created_at")
    list_display_links = ("name", "email")
    list_filter = ("is_staff", "is_active")
    search_fields = ("name", "email", "phone")
    ordering = ("-created_at",)
    date_hierarchy = "created_at"
    readonly_fields = ("created_at", "last_login")
    fieldsets = (
        (None, {"fields": ("name", "email", "phone", "password")}),
        ("At the bakery", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("When", {"fields": ("created_at", "last_login")}),
    )
    add_fieldsets = ((None, {"fields": ("name", "email", "usable_password", "password1", "password2")}),)

    def get_readonly_fields(self, request, obj=None):
        """Only a superuser says what others may do: who may edit accounts must not promote their own."""
        rights = () if request.user.is_superuser else ("is_staff", "is_superuser", "groups", "user_permissions")
        return (*super().get_readonly_fields(request, obj), *rights)


@admin.register(Friendship)
class FriendshipAdmin(admin.ModelAdmin):
    list_display = ("follower", "followed", "state", "created_at")
    list_filter = ("state",)
    list_select_related = ("follower", "followed")
    search_fields = ("follower__name", "followed__name", "follower__email", "followed__email")
    autocomplete_fields = ("follower", "followed")
