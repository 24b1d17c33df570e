"""Included below /account/. The account page itself is the shop's: it shows orders."""

from django.urls import path

from .views import details, passwords, signing

urlpatterns = [
    path("sign-in/", signing.SignIn.as_view(), name="sign_in"),
    path("sign-up/", signing.SignUp.as_view(), name="sign_up"),
    path("sign-out/", signing.sign_out, name="sign_out"),
    path("details/", details.details, name="details"),
    path("picture/", details.picture, name="account_picture"),
    path("password/", passwords.ChangePassword.as_view(), name="password"),
    path("password/reset/", passwords.AskReset.as_view(), name="password_reset"),
    path("password/reset/sent/", passwords.reset_sent, name="password_reset_sent"),
    path("password/reset/<uidb64>/<token>/", passwords.Reset.as_view(), name="password_reset_confirm"),
]
