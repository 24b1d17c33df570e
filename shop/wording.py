"""How the shop writes prices, days, times and what bakers typed. Templates know these functions as filters."""

import json
import re
from datetime import date, datetime, time
from functools import lru_cache

from django.utils import timezone
from markupsafe import Markup, escape

WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
MOST_SECONDS = 90  # of what lasts longer nobody counts seconds


def euro(cents: int) -> str:
    """520 is “€5.20”, and −130 is “−€1.30”."""
    sign = "−" if cents < 0 else ""
    whole, rest = divmod(abs(cents), 100)
    return f"{sign}€{whole:,}.{rest:02}"


def mark(average: float) -> str:
    """An average out of five, with one decimal wherever it stands."""
    return f"{average:.1f}"


@lru_cache(maxsize=4096)
def moment(value: str) -> date | datetime:
    """An ISO date or date-time, the latter in the bakery's own time zone."""
    if len(value) == 10:
        return date.fromisoformat(value)
    parsed = datetime.fromisoformat(value)
    return timezone.localtime(parsed) if parsed.tzinfo else parsed


def _date_of(value: str | date | datetime) -> date:
    if isinstance(value, str):
        return moment(value)
    return timezone.localtime(value) if isinstance(value, datetime) and value.tzinfo else value


def day(value: str | date | datetime) -> str:
    """Tuesday 24 November: for days so near that nobody needs the year."""
    found = _date_of(value)
    return f"{WEEKDAYS[found.weekday()]} {found.day} {found:%B}"


@lru_cache(maxsize=4096)
def long_date(value: str | date | datetime) -> str:
    """24 November 2026: for what is past and stays."""
    found = _date_of(value)
    return f"{found.day} {found:%B %Y}"


def clock(value: str | time | datetime) -> str:
    """8:30, whether given as a time, a date-time or the text “08:30”."""
    if isinstance(value, str):
        value = moment(value) if "T" in value or " " in value else time.fromisoformat(value)
    elif isinstance(value, datetime) and value.tzinfo:
        value = timezone.localtime(value)
    return f"{value.hour}:{value.minute:02}"


def date_time(value: str | datetime) -> str:
    return f"{day(value)}, {clock(value)}"


def grouped(number: int) -> str:
    """2,500: for counts that may grow long."""
    return f"{number:,}"


def to_go(seconds: int | None) -> str:
    """“About 24 seconds to go.”, in minutes above 90 of them; empty when nobody knows."""
    if not seconds:
        return ""
    number, unit = (seconds, "second") if seconds <= MOST_SECONDS else ((seconds + 30) // 60, "minute")
    return f"About {number} {unit}{'' if number == 1 else 's'} to go."


@lru_cache(maxsize=4096)
def prose(text: str) -> Markup:
    """Plain text as paragraphs: an empty line ends one, and **two stars** make a word strong."""
    blocks = [block.strip() for block in re.split(r"\n\s*\n", text) if block.strip()]
    return Markup("").join(Markup("<p>{}</p>").format(strong(block)) for block in blocks)


@lru_cache(maxsize=4096)
def strong(text: str) -> Markup:
    """Text as it is, but for **two stars**; anything that looks like HTML is shown, not obeyed."""
    parts = str(escape(text)).split("**")
    if len(parts) % 2 == 0:  # a lone pair of stars is just two stars
        return escape(text)
    return Markup("".join(f"<strong>{part}</strong>" if n % 2 else part for n, part in enumerate(parts)))  # noqa: S704


def first_sentence(text: str) -> str:
    """What stands before the first full stop, for places with room for no more."""
    return text.partition(". ")[0].rstrip(".")


@lru_cache(maxsize=4096)
def steps(text: str) -> tuple[tuple[str, str], ...]:
    """Lines such as “Day 1: leave it whole” as pairs; a line without a heading has an empty one."""
    lines = (line.strip(" -•") for line in text.splitlines() if line.strip())
    return tuple(_halves(line) for line in lines)


def _halves(line: str) -> tuple[str, str]:
    head, colon, rest = line.partition(": ")
    return (head, rest) if colon and len(head) <= 24 else ("", line)


def jsonld(data: dict | str) -> Markup:
    """Structured data for a script element: no sign in it can end the element or open a comment."""
    text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704
