"""Whose a job is, as its row says it: `user:12` of a customer, `guest:` and a random id of anybody else."""

USER, GUEST = "user:", "guest:"


def of_user(pk: int | str) -> str:
    return f"{USER}{pk}"


def of_guest(number: str) -> str:
    return f"{GUEST}{number}"


def user_of(owner: str) -> int | None:
    """The customer's id, or None for a guest."""
    return int(owner.removeprefix(USER)) if owner.startswith(USER) else None
