"""Forms of the account. None of them ever sends a password back."""

from django import forms
from django.contrib.auth import forms as auth_forms
from django.contrib.auth import password_validation
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator

from .models import User

TAKEN = "We cannot open an account with this address. If it is yours, sign in, or have a new password sent."
WRONG = "E-mail and password do not go together. Check both, or have a new password sent."
ABOUT = ["name", "email", "phone"]
NO_EMAIL = {
    "required": "We need your e-mail.",
    "invalid": "This does not look like an e-mail address. Example: ana@example.com",
}
plain_line = RegexValidator(r"^[^\x00-\x1f\x7f<>]*$", "Letters, spaces and the usual signs only, please.")
phone_number = RegexValidator(
    r"^\+?[\d ()./-]{6,}$", "This does not look like a phone number. Example: +44 7700 900123"
)


def new_password(label: str = "Password", hint: str = "At least ten characters.") -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
    missing = {"required": "Choose a password."}
    return forms.CharField(label=label, strip=False, widget=widget, help_text=hint, error_messages=missing)


def known_password(label: str, *, required: bool = True) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": "current-password"})
    missing = {"required": "Your password is missing."}
    return forms.CharField(label=label, strip=False, required=required, widget=widget, error_messages=missing)


class AccountForm(forms.Form):
    """A name and an e-mail that nobody else has: what signing up and changing one's details share."""

    name = forms.CharField(
        label="Your name",
        max_length=80,
        validators=[plain_line],
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
        help_text="On your bag, and beside what you review.",
        error_messages={"required": "Tell us what to call you."},
    )
    email = forms.EmailField(
        label="E-mail",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages=NO_EMAIL,
    )

    def __init__(self, *args, user: User | None = None, **kwargs):
        self.user = user or User()
        super().__init__(*args, **kwargs)

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()

    def refuse_taken(self) -> None:
        """Asked only when all else is right: half a form tells nothing about who has an account."""
        email = self.cleaned_data.get("email")
        if not self.errors and User.objects.exclude(pk=self.user.pk).filter(email=email).exists():
            self.add_error("email", TAKEN)

    def save(self) -> User:
        """Raises IntegrityError when the e-mail was taken since the form was checked."""
        for name in ABOUT:
            setattr(self.user, name, self.cleaned_data.get(name, ""))
        self.user.save(update_fields=ABOUT if self.user.pk else None)  # a picture that comes meanwhile is not undone
        return self.user


class SignUpForm(AccountForm):
    password = new_password()

    def clean(self) -> None:
        if password := self.cleaned_data.get("password"):
            self._check_strength(password)
        self.refuse_taken()

    def _check_strength(self, password: str) -> None:
        about = User(name=self.cleaned_data.get("name", ""), email=self.cleaned_data.get("email", ""))
        try:
            password_validation.validate_password(password, about)
        except ValidationError as error:
            self.add_error("password", error)

    def save(self) -> User:
        self.user.set_password(self.cleaned_data["password"])
        return super().save()


class DetailsForm(AccountForm):
    """Name, phone, e-mail. A new e-mail needs the password: it is the key to the account."""

    phone = forms.CharField(
        label="Phone, in case a loaf goes wrong",
        max_length=30,
        required=False,
        validators=[phone_number],
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    password = known_password("Your password, if you change the e-mail", required=False)
    field_order = ["name", "phone", "email", "password"]

    def __init__(self, *args, user: User, **kwargs):
        kwargs.setdefault("initial", {"name": user.name, "phone": user.phone, "email": user.email})
        super().__init__(*args, user=user, **kwargs)

    def clean(self) -> None:
        email = self.cleaned_data.get("email", self.user.email)
        if email != self.user.email and not self.user.check_password(self.cleaned_data.get("password", "")):
            self.add_error("password", "To change the e-mail, give your password.")
        self.refuse_taken()


class SignInForm(auth_forms.AuthenticationForm):
    username = forms.EmailField(
        label="E-mail",
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
        error_messages=NO_EMAIL,
    )
    password = known_password("Password")

    def get_invalid_login_error(self) -> ValidationError:
        """Of the form, not of a field: which of the two is wrong is not told."""
        return ValidationError(WRONG, code="invalid_login")


class ResetForm(forms.Form):
    email = forms.EmailField(
        label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"}), error_messages=NO_EMAIL
    )


class AskForm(forms.Form):
    """Asking to follow somebody by their e-mail. Shorter than what an outbox row's subject holds."""

    email = forms.EmailField(
        label="Their e-mail",
        max_length=170,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        error_messages=NO_EMAIL | {"required": "Whom would you like to ask? We need their e-mail."},
    )


class NewPasswordForm(auth_forms.SetPasswordForm):
    new_password1 = new_password("New password")
    new_password2 = new_password("The same again", hint="")


class ChangePasswordForm(auth_forms.PasswordChangeForm):
    old_password = known_password("Your password now")
    new_password1 = new_password("New password")
    new_password2 = new_password("The same again", hint="")


class PictureForm(forms.Form):
    picture = forms.FileField(
        label="Choose a picture",
        widget=forms.FileInput(attrs={"accept": "image/jpeg,image/png,image/webp"}),
        error_messages={"required": "Choose a picture first.", "empty": "The file is empty. Choose another one."},
    )
