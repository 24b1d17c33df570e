"""The manifests: what one machine runs, with few rights, checked against Kubernetes' own schemas."""

import re
import shlex
import subprocess
import sys
from itertools import chain, pairwise

import kubernetes_validate
import pytest
import yaml
from django.conf import settings

from cluster.topology import LANES
from shop.serving import DEFAULTS
from tests.compose.files import GRACES, KUBERNETES, WORKERS, compose_file, documents, example, manifests, said

SCHEMAS = "1.34"  # the oldest that is still looked after
STEPS = ("before", "production", "after")
ELSEWHERE = ("keda.sh/v1alpha1",)  # whose schemas are not Kubernetes'
OBJECTS = list(manifests(KUBERNETES / "production"))
DEPLOYMENTS = {each["metadata"]["name"]: each for each in OBJECTS if each["kind"] == "Deployment"}
PODS = {
    each["metadata"]["name"]: each["spec"]["template"]
    for each in chain.from_iterable(manifests(KUBERNETES / step) for step in STEPS)
    if each["kind"] in ("Deployment", "Job")
}
SETTINGS = next(each["data"] for each in OBJECTS if each["kind"] == "ConfigMap")
SECRET = documents(KUBERNETES / "common" / "secret.example.yaml")[0]["stringData"]
every_pod = pytest.mark.parametrize("name", sorted(PODS))


@pytest.mark.parametrize("step", STEPS)
def test_every_object_is_what_kubernetes_takes(step):
    known = [each for each in manifests(KUBERNETES / step) if each["apiVersion"] not in ELSEWHERE]
    assert known
    for each in [*known, *documents(KUBERNETES / "common" / "secret.example.yaml")]:
        kubernetes_validate.validate(each, SCHEMAS, strict=True)


def test_every_file_belongs_to_a_kustomization_but_for_the_example_of_a_secret():
    named = {
        (path.parent / resource).resolve()
        for path in KUBERNETES.rglob("kustomization.yaml")
        for resource in yaml.safe_load(path.read_text()).get("resources", [])
    }
    files = {path.resolve() for path in KUBERNETES.rglob("*.yaml") if path.name != "kustomization.yaml"}
    assert {path.name for path in files - named} == {"secret.example.yaml"}


@pytest.mark.parametrize("step", STEPS)
def test_every_image_is_named_with_its_version_in_one_place(step):
    kustomization = yaml.safe_load((KUBERNETES / step / "kustomization.yaml").read_text())
    assert kustomization["components"] == ["../release"]
    images = yaml.safe_load((KUBERNETES / "release" / "kustomization.yaml").read_text())["images"]
    tags = {image["name"]: str(image["newTag"]) for image in images}
    used = {container["image"] for template in PODS.values() for container in _containers(template)}
    assert used == tags.keys()
    assert "latest" not in tags.values()
    assert tags["bakery"] == tags["bakery-render"]
    nginx = next(image for image in images if image["name"] == "nginx")["newTag"]
    assert f"image: nginx:{nginx}" in (KUBERNETES.parent / "docker-compose.yml").read_text()


def test_everything_that_one_machine_runs_has_a_deployment():
    assert DEPLOYMENTS.keys() == WORKERS.keys() | {"web", "proxy"}


@pytest.mark.parametrize("name", sorted(WORKERS))
def test_a_pod_starts_the_same_program_as_one_machine(name):
    (container,) = PODS[name]["spec"]["containers"]
    assert said(container["command"]) == said(WORKERS[name].command)


@every_pod
def test_a_pod_may_do_nothing_and_write_nowhere(name):
    spec = PODS[name]["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in _containers(PODS[name]):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


@every_pod
def test_a_pod_says_what_it_needs_and_how_much_it_may_have(name):
    for container in _containers(PODS[name]):
        assert container["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in container["resources"]["limits"]


@every_pod
def test_what_a_pod_mounts_is_there(name):
    volumes = {volume["name"] for volume in PODS[name]["spec"]["volumes"]}
    mounted = {mount["name"] for container in _containers(PODS[name]) for mount in container["volumeMounts"]}
    assert mounted == volumes


@pytest.mark.parametrize("name", sorted(DEPLOYMENTS))
def test_a_deployment_finds_its_pods_and_knows_whether_they_are_well(name):
    spec = DEPLOYMENTS[name]["spec"]
    assert spec["selector"]["matchLabels"] == spec["template"]["metadata"]["labels"] == {"app": name}
    (container,) = spec["template"]["spec"]["containers"]
    assert container.keys() >= {"startupProbe", "livenessProbe"}
    assert ("readinessProbe" in container) == (name in ("web", "proxy"))


def test_a_clone_is_asked_what_it_answers():
    (web,) = PODS["web"]["spec"]["containers"]
    assert web["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert web["readinessProbe"]["httpGet"]["path"] == "/readyz?own"
    startup = web["startupProbe"]
    assert startup["periodSeconds"] * startup["failureThreshold"] > float(SETTINGS["READY_WITHIN_SECONDS"])


def test_a_clone_goes_on_until_everybody_has_seen_that_it_ends():
    ends_within = PODS["web"]["spec"]["terminationGracePeriodSeconds"]
    (web,) = PODS["web"]["spec"]["containers"]
    seen = web["readinessProbe"]["periodSeconds"] * web["readinessProbe"]["failureThreshold"]
    assert seen < float(SETTINGS["DRAIN_SECONDS"]) < ends_within - DEFAULTS["graceful_timeout"]


@pytest.mark.parametrize("name", ["web", *WORKERS])
def test_a_pod_is_given_as_long_to_end_as_a_process_of_a_cluster(name):
    grace = GRACES["web1" if name == "web" else name]
    assert PODS[name]["spec"]["terminationGracePeriodSeconds"] == grace


def test_a_roll_takes_nobody_away_before_another_is_there():
    for name, deployment in DEPLOYMENTS.items():
        rolls = deployment["spec"]["strategy"]
        if name == "beat":
            assert rolls == {"type": "Recreate"}
            assert deployment["spec"]["replicas"] == 1
        else:
            assert rolls == {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}


def test_whoever_scales_and_guards_names_a_deployment_that_is_there():
    targets = [each["spec"]["scaleTargetRef"]["name"] for each in OBJECTS if "scaleTargetRef" in each.get("spec", {})]
    assert sorted(targets) == sorted(["web", *LANES])
    assert "replicas" not in DEPLOYMENTS["web"]["spec"]
    queues = {
        each["metadata"]["name"]: each["spec"]["triggers"][0]["metadata"]["queueName"]
        for each in OBJECTS
        if each["kind"] == "ScaledObject"
    }
    assert queues == {lane: lane for lane in settings.LANES}
    guarded = {each["metadata"]["name"] for each in OBJECTS if each["kind"] == "PodDisruptionBudget"}
    assert guarded == {"web", "proxy", "interactive", "relay"}
    assert guarded <= DEPLOYMENTS.keys()


def test_nobody_speaks_unless_it_is_said():
    policies = {each["metadata"]["name"]: each["spec"] for each in OBJECTS if each["kind"] == "NetworkPolicy"}
    assert policies["nothing"] == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    (spoken,) = policies["services-outside"]["podSelector"]["matchExpressions"]
    assert set(spoken["values"]) == DEPLOYMENTS.keys() - {"proxy"} | {"release"}


def test_processes_are_told_settings_that_there_are_and_all_that_production_needs():
    known = example(settings.ROOT / ".env.example").keys()
    keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert SETTINGS.keys() - {"DJANGO_SETTINGS_MODULE"} | SECRET.keys() - keys <= known
    assert not SETTINGS.keys() & SECRET.keys()
    told = {
        name: value or "said-elsewhere-and-longer-than-fifty-characters-0123456789" for name, value in SECRET.items()
    }
    done = subprocess.run(
        [sys.executable, "-c", "import settings.production"],
        cwd=settings.ROOT,
        env={"RELEASE": "r1", **SETTINGS, **told, "STATE_DIR": str(settings.STATE)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_a_release_adds_before_it_is_served_and_publishes_after():
    lines = {
        name: shlex.split(PODS[name]["spec"]["containers"][0]["args"][0])
        for name in PODS
        if name.startswith("release-")
    }
    assert _verbs(lines["release-before"]) == ["lint_migrations", "migrate", "assets"]
    assert _verbs(lines["release-after"]) == ["publish"]


def test_no_trigger_goes_before_the_old_release_has():
    (container,) = PODS["release-before"]["spec"]["containers"]
    prepared = compose_file()["services"]["prepare"]["command"]
    for script in (container["args"][0], prepared[-1]):
        assert "manage.py migrate --no-input --keep-triggers\n" in script


def test_no_secret_stands_in_what_is_in_the_repository():
    text = "".join(path.read_text() for path in KUBERNETES.rglob("*.yaml"))
    assert set(re.findall(r"://\w*:([^@/\s]+)@", text)) == {"password"}


def _containers(template):
    return template["spec"].get("initContainers", []) + template["spec"]["containers"]


def _verbs(words):
    return [after for word, after in pairwise(words) if word == "manage.py"]
