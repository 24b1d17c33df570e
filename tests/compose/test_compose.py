"""The topology in containers: everything that runs on one machine, with the same files, and with few rights."""

import json
import re
import subprocess
import sys

import pytest
from django.conf import settings

from cluster.topology import LANES, RUNNING_CLONES
from shop.serving import DEFAULTS
from tests.compose.files import ASKED, COMPOSE, GRACES, WORKERS, compose_file, example, said, secrets

FILE = compose_file()
SERVICES = FILE["services"]
ONCE = {name for name, service in SERVICES.items() if service["restart"] == "no"}
SERVERS = {"proxy", "primary", "replica1", "replica2", "cache", "keep", "broker"}
HOUSE_FILES = {
    "primary": "./mariadb-primary/my.cnf",
    "replica1": "./mariadb-replica/my.cnf",
    "replica2": "./mariadb-replica/my.cnf",
    "cache": "./valkey-cache/valkey.conf",
    "keep": "./valkey-keep/valkey.conf",
    "broker": "./broker/rabbitmq.conf",
}
every_service = pytest.mark.parametrize("name", sorted(SERVICES))


def test_it_is_what_a_compose_file_may_be():
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    done = subprocess.run([*command, COMPOSE / "docker-compose.yml"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_everything_that_one_machine_runs_has_a_container():
    assert SERVERS | set(RUNNING_CLONES) | WORKERS.keys() <= SERVICES.keys()


@pytest.mark.parametrize("name", sorted(WORKERS))
def test_a_container_starts_the_same_program_as_one_machine(name):
    assert said(SERVICES[name]["command"]) == said(WORKERS[name].command)


def test_every_lane_has_its_workers():
    commands = [service.get("command", []) for service in SERVICES.values()]
    taken = [command[command.index("-Q") + 1] for command in commands if "-Q" in command]
    assert sorted(taken) == sorted(settings.LANES) == sorted(LANES)


@pytest.mark.parametrize("name", sorted(HOUSE_FILES))
def test_a_server_reads_the_configuration_of_the_house(name):
    mounted = [volume.split(":") for volume in SERVICES[name]["volumes"] if volume.startswith("./")]
    assert HOUSE_FILES[name] in [source for source, _, _ in mounted]
    for source, _, mode in mounted:
        assert (COMPOSE / source).is_file()
        assert mode == "ro"


@every_service
def test_a_container_may_do_nothing_and_write_nowhere(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    user, group = service["user"].split(":")
    assert int(user) > 0
    assert int(group) > 0


@every_service
def test_a_container_has_bounds(name):
    service = SERVICES[name]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}
    assert service["init"] is True
    for memory in service.get("tmpfs", []):
        assert re.search(r":size=\d+m\b", memory)


@every_service
def test_an_image_is_pinned_to_a_version_or_is_the_releases(name):
    image, tag = SERVICES[name]["image"].split(":", 1)
    assert re.match(r"\d+\.\d+\.\d+", tag) or (image in ("bakery", "bakery-render") and tag == "${RELEASE:?}")


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ONCE - {"jaeger"}))
def test_what_goes_on_running_is_asked_whether_it_is_well(name):
    assert SERVICES[name]["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")


@every_service
def test_who_is_waited_for_can_be(name):
    for other, how in SERVICES[name].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if other in ONCE else "service_healthy"
        assert how["condition"] == wanted


def test_databases_are_reached_from_inside_alone():
    assert FILE["networks"]["back"]["internal"] is True
    for name in HOUSE_FILES:
        assert SERVICES[name]["networks"] == ["back"]
        assert "ports" not in SERVICES[name]
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"proxy", "jaeger"}


def test_the_proxy_knows_where_each_clone_is():
    known = dict(host.split(":") for host in SERVICES["proxy"]["extra_hosts"])
    clones = {name: SERVICES[name]["networks"]["front"]["ipv4_address"] for name in known}
    assert known == clones
    asked = [word for word in SERVICES["proxy-conf"]["command"] if word.startswith("web")]
    assert asked == [f"{name}:8000" for name in clones]
    assert clones.keys() == {name for name in SERVICES if name.startswith("web")}


def test_a_clone_is_given_longer_to_end_than_it_takes():
    for name in ("web1", "web2", "web3"):
        drained = float(SERVICES[name]["environment"]["DRAIN_SECONDS"])
        assert float(SERVICES[name]["stop_grace_period"].removesuffix("s")) > drained + DEFAULTS["graceful_timeout"]


@pytest.mark.parametrize("name", sorted(GRACES))
def test_a_container_is_given_as_long_to_end_as_a_process_of_a_cluster(name):
    assert SERVICES[name]["stop_grace_period"] == f"{GRACES[name]}s"


def test_processes_are_told_settings_that_there_are():
    known = example(settings.ROOT / ".env.example").keys() | {"DJANGO_SETTINGS_MODULE"}
    for service in SERVICES.values():
        if service["image"].startswith("bakery"):
            assert set(service["environment"]) <= known


def test_the_example_lists_everything_that_is_asked_for():
    asked = set(ASKED.findall((COMPOSE / "docker-compose.yml").read_text()))
    assert asked == example(COMPOSE / "example.env").keys()


def test_secrets_are_made_anew_each_time_and_nothing_else_is():
    made = [secrets() for _ in range(2)]
    plain = example(COMPOSE / "example.env")
    differing = {name for name in plain if made[0][name] != made[1][name]}
    ours = {name for name in plain if name.endswith("_PASSWORD")} - {"EMAIL_HOST_PASSWORD"}
    assert differing == ours | {"SECRET_KEY", "METRICS_TOKEN"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", made[0][name]) for name in differing)
    assert {name: made[0][name] for name in plain.keys() - differing} == {
        name: plain[name] for name in plain.keys() - differing
    }


def test_no_secret_stands_in_what_is_in_the_repository():
    said = example(COMPOSE / "example.env")
    assert {value.strip("'") for name, value in said.items() if name.endswith(("_PASSWORD", "_KEY", "_TOKEN"))} == {
        ""
    }
    text = re.sub(r"\$\{[A-Z_]+:\?\}", "$", json.dumps(FILE))
    passwords = re.findall(r"\w+://[^@/\"]*:([^@/\"]+)@", text)
    assert passwords
    assert set(passwords) == {"$"}
