"""Customers, and who follows whom."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower


class UserManager(BaseUserManager):
    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str, **fields) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str) -> "User":
        return self.get(email=email.strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """Somebody who signs in by e-mail. E-mails are kept in lower case."""

    email = models.EmailField(unique=True)
    name = models.CharField(max_length=80)
    phone = models.CharField(max_length=30, blank=True)
    picture = models.CharField(max_length=120, blank=True, editable=False)
    is_staff = models.BooleanField("works at the bakery", default=False)
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_account_an_email")]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return self.name

    def get_short_name(self) -> str:
        return self.name.split(" ")[0]


class FriendshipQuerySet(models.QuerySet):
    def asked(self) -> "FriendshipQuerySet":
        return self.filter(state=Friendship.State.ASKED)

    def accepted(self) -> "FriendshipQuerySet":
        return self.filter(state=Friendship.State.ACCEPTED)

    def blocked(self) -> "FriendshipQuerySet":
        return self.filter(state=Friendship.State.BLOCKED)

    def between(self, one: int, other: int) -> "FriendshipQuerySet":
        """Both directions, where they are."""
        return self.filter(Q(follower=one, followed=other) | Q(follower=other, followed=one))


class Friendship(models.Model):
    """`follower` sees what `followed` likes, once `followed` has agreed. The state is the word of `followed`: BLOCKED
    says that `followed` wants to hear no more of `follower`. Changed by the verbs of `accounts.friends`."""

    class State(models.TextChoices):
        ASKED = "asked"
        ACCEPTED = "accepted"
        BLOCKED = "blocked"

    follower = models.ForeignKey(User, models.CASCADE, related_name="follows")
    followed = models.ForeignKey(User, models.CASCADE, related_name="followers")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    by_email = models.BooleanField(
        "asked by e-mail", default=False, help_text="Not shown to who asked: it would tell whose address it is."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = FriendshipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["follower", "followed"], name="one_friendship_a_pair"),
            models.CheckConstraint(condition=~Q(follower=F("followed")), name="nobody_follows_themselves"),
        ]

    def __str__(self) -> str:
        return f"{self.follower} follows {self.followed}: {self.state}"
