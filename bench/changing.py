"""Ten kinds of changes to the code, as people deploy them: a template, an asset, a migration, an object's shape …

Each is made in a clone of the repository and committed there.
"""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

Change = Callable[[Path], None]
MIGRATION = """from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [{depends}]
    operations = [{operation}]
"""


def a_template(code: Path) -> None:
    edit(code / "shop/templates/base.html", "</body>", "<!-- changed --></body>")


def an_asset(code: Path) -> None:
    append(code / "shop/static/shop.css", "\n.changed { color: inherit }\n")


def a_column(code: Path) -> None:
    """A migration: one more column, which the release before knows nothing of."""
    edit(
        code / "shop/models.py",
        "    note = models.CharField(max_length=300, blank=True)\n",
        "    note = models.CharField(max_length=300, blank=True)\n    is_gift = models.BooleanField(null=True)\n",
    )
    operation = "migrations.AddField('order', 'is_gift', models.BooleanField(null=True))"
    migrate(code, "shop", "is_gift", operation)


def a_shape(code: Path) -> None:
    """Of an object: what is cached is kept by the shape, and each release reads its own."""
    edit(code / "products/data.py", 'form = "2: id slug name intro', 'form = "3: id slug name intro')


def a_task(code: Path) -> None:
    """Another signature: the new one has another name, and the former stays for a release."""
    path = code / "shop/tasks.py"
    former = re.search(r"@outbox_task\(\)\ndef tell\(.*?\n\n\n", path.read_text(), re.DOTALL)[0]
    edit(path, former, former + former.replace("def tell(subject: str)", "def tell_owner(subject: str)"))
    edit(code / "settings/base.py", 'default="shop.tasks.tell"', 'default="shop.tasks.tell_owner"')


def a_view(code: Path) -> None:
    edit(code / "shop/views/basket.py", "One line needs another look.", "One line wants another look.")


def a_script(code: Path) -> None:
    """An asset and a template that go together."""
    append(code / "shop/static/shop.js", "\n// changed\n")
    edit(code / "shop/templates/base.html", "<!-- changed -->", "<!-- changed again -->")


def a_table(code: Path) -> None:
    field = "('id', models.BigAutoField(primary_key=True))"
    model = "class Shelfmark(models.Model):\n    pass\n\n\n"
    edit(code / "jobs/page_models.py", "class PageUse(", f"{model}class PageUse(")
    migrate(code, "jobs", "shelfmark", f"migrations.CreateModel('Shelfmark', [{field}])")


def a_relay(code: Path) -> None:
    edit(code / "jobs/relay.py", "POLL_SECONDS = 0.2", "POLL_SECONDS = 0.25")


def another_shape(code: Path) -> None:
    """Of what stands on every shelf, and what else of a product matters to it: its triggers are others."""
    edit(code / "products/data.py", 'form = "1: id tags"', 'form = "2: id tags"')
    watched = 'only=["{row}.category_id", "{row}.is_published"'
    edit(code / "products/apps.py", watched, f'{watched}, "{{row}}.name"')


CHANGES: tuple[Change, ...] = (
    a_template,
    an_asset,
    a_column,
    a_shape,
    a_task,
    a_view,
    a_script,
    a_table,
    a_relay,
    another_shape,
)


def commit(code: Path, change: Change) -> None:
    change(code)
    git(code, "add", "-A")
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@bakery.example")
    git(code, *who, "commit", "-q", "-m", change.__name__)


def migrate(code: Path, app: str, name: str, operation: str) -> None:
    """Write the next migration of an app."""
    folder = code / app / "migrations"
    last = max(path.stem for path in folder.glob("0*.py"))
    number = int(last[:4]) + 1
    text = MIGRATION.format(depends=f"({app!r}, {last!r})", operation=operation)
    (folder / f"{number:04}_{name}.py").write_text(text)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    if old not in text:
        raise LookupError(f"{path} holds no {old!r}")
    path.write_text(text.replace(old, new, 1))


def append(path: Path, text: str) -> None:
    path.write_text(path.read_text() + text)


def git(code: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=code, check=True)
