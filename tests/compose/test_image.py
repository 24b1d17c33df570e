"""The image: built once for a release, with everything the shop needs and nothing else."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.compose.files import COMPOSE, KUBERNETES, compose_file, documents, secrets, told
from tests.test_layers import MAY_IMPORT
from tests.test_production import WHOLE

DOCKERFILE = (COMPOSE / "Dockerfile").read_text()
STAGES = dict(re.findall(r"^FROM \S+ AS (\S+)\n(.*?)(?=^FROM|\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL))
PARENTS = {name: parent for parent, name in re.findall(r"^FROM (\S+) AS (\S+)$", DOCKERFILE, re.MULTILINE)}
CHECK = ("manage.py", "check", "--deploy", "--tag", "clones")
ON_ONE_MACHINE = {"cluster"}  # the package that stands in for containers there
LET_IN = [line[1:] for line in (settings.ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
COLLECTS = re.search(r"&& (STATE_DIR=\S+ STATIC_FILES_URL=\S+) python (manage.py collectstatic .*?) \\\n", DOCKERFILE)


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory):
    """What `COPY . .` puts into the image, the release, and what the image makes of them."""
    folder = tmp_path_factory.mktemp("image")
    for name in LET_IN:
        source, target = settings.ROOT / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    (folder / "RELEASE").write_text("r7\n")
    said = dict(word.split("=", 1) for word in COLLECTS[1].split())
    _run(folder, said | {"STATE_DIR": str(tmp_path_factory.mktemp("state"))}, *COLLECTS[2].split())
    return folder


def test_hadolint_has_nothing_against_it():
    hadolint = Path(sys.executable).parent / "hadolint"
    done = subprocess.run([hadolint, COMPOSE / "Dockerfile"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_enters_an_image_that_is_not_named():
    lines = (settings.ROOT / ".dockerignore").read_text().splitlines()
    assert next(line for line in lines if not line.startswith("#")) == "*"
    assert {*MAY_IMPORT, "settings", "manage.py", "compose/proxy"} - ON_ONE_MACHINE <= set(LET_IN)
    assert not {"tests", ".env", ".git", ".state", "compose"} & set(LET_IN)
    wanted = set(re.findall(r"requirements-\w+\.txt", DOCKERFILE))
    assert wanted <= set(LET_IN)


def test_compilers_stay_behind_and_the_renderer_is_in_an_image_of_its_own():
    assert _line("shop") == ["code", "base", "python"]
    assert _line("render") == ["base", "python"]
    assert "gcc" not in "".join(STAGES[name] for name in ("shop", "code", "base", "python", "render"))
    assert "requirements-render" in STAGES["render-packages"]
    assert "--from=render-packages" not in STAGES["code"] + STAGES["shop"]


@pytest.mark.parametrize("name", ["shop", "render"])
def test_an_image_is_nobodys_and_says_its_release(name):
    assert re.findall(r"^USER (.*)$", STAGES[name], re.MULTILINE) == ["10001:10001"]
    assert "org.opencontainers.image.version=$RELEASE" in STAGES[name]
    assert "settings.production" in STAGES[name]
    assert 'test -n "$RELEASE"' in STAGES["code"]


def test_a_release_in_an_image_knows_its_name_and_the_hashes_of_its_static_files(unpacked, tmp_path):
    there = "from settings import production as s; from pathlib import Path; print(s.RELEASE, Path(s.STATIC_ROOT))"
    whole = {name: value for name, value in WHOLE.items() if name != "RELEASE"}
    files = {"FILES_URL": "file:///srv/shared/files", "STATIC_FILES_URL": "file:///srv/shared/static"}
    release, root = _run(unpacked, whole | files | {"STATE_DIR": str(tmp_path)}, "-c", there).split()
    assert release == "r7"
    assert Path(root).is_relative_to(unpacked)
    assert "shop.css" in (Path(root) / "staticfiles.json").read_text()


def test_a_clone_in_a_container_would_be_let_in(unpacked, tmp_path):
    """By the checks that every clone passes before it answers, once `prepare` is done."""
    services = compose_file()["services"]
    said = _inside(tmp_path, told(services["web1"]))
    folders, *_, upload = services["prepare"]["command"][-1].splitlines()
    for folder in folders.removeprefix("mkdir -p ").split():
        (tmp_path / folder.removeprefix("/")).mkdir(parents=True)
    _run(unpacked, said, *upload.removeprefix("python ").split())
    _run(unpacked, said, *CHECK)


def test_a_clone_in_a_pod_would_be_let_in(unpacked, tmp_path):
    settings_of_pods = documents(KUBERNETES / "common" / "settings.yaml")[0]["data"]
    secret = documents(KUBERNETES / "common" / "secret.example.yaml")[0]["stringData"]
    key = {"SECRET_KEY": secrets()["SECRET_KEY"]}
    (tmp_path / "srv" / "pages").mkdir(parents=True)
    _run(unpacked, _inside(tmp_path, settings_of_pods | secret | key), *CHECK)


def test_every_program_can_be_imported_from_an_image(unpacked, tmp_path):
    modules = "shop.serving, shop.celery, jobs.management.commands.relay, shop.management.commands.proxy_conf"
    start = f"import django; django.setup(); import {modules}"
    files = {"FILES_URL": "file:///srv/shared/files", "DJANGO_SETTINGS_MODULE": "settings.production"}
    _run(unpacked, WHOLE | files | {"STATE_DIR": str(tmp_path)}, "-c", start)


def _line(name):
    """The stages that one is made of, up to the image of somebody else."""
    parents = []
    while (name := PARENTS[name]) in PARENTS:
        parents.append(name)
    return parents


def _inside(root, said):
    """With what a container mounts in `root` instead."""
    return {name: value.replace("/srv/", f"{root}/srv/") for name, value in said.items()}


def _run(folder, said, *words):
    environment = {"PATH": str(Path(sys.executable).parent), "PYTHONDONTWRITEBYTECODE": "1"} | said
    done = subprocess.run(
        [sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
