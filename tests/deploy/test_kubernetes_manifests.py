"""deploy/kubernetes keeps the rules that make a mail relay safe beside a site."""

import contextlib
import json
import os
import pathlib
import subprocess

import pytest
import yaml
from check_config import accepted
from machine import PROJECT
from pod import running
from rendered import render

FOLDER = PROJECT / "deploy/kubernetes"
SIDECARS = ["sidecar", "sidecar-deployment"]
FORMS = [*SIDECARS, "shared"]
TIDY = """{ extends: default, rules: {
  line-length: { max: 125 }, braces: { max-spaces-inside: 1 }, comments: { min-spaces-from-content: 1 },
  document-start: disable, octal-values: disable } }"""


def one(form: str, *kinds: str) -> dict:
    (found,) = [o for o in render(FOLDER / form) if o["kind"] in kinds]
    return found


def pod(form: str) -> dict:
    return one(form, "StatefulSet", "Deployment")["spec"]["template"]["spec"]


def containers(form: str) -> list[dict]:
    return pod(form).get("initContainers", []) + pod(form)["containers"]


def relay(form: str) -> dict:
    (found,) = [c for c in containers(form) if c["name"] == "postern"]
    return found


def configuration(form: str) -> str:
    return one(form, "ConfigMap")["data"]["postern.yml"]


def spool_mount(form: str) -> str:
    """Where the relay has its spool's volume."""
    (mount,) = [m["mountPath"] for m in relay(form)["volumeMounts"] if m["name"] == "spool"]
    return mount


@contextlib.contextmanager
def started(form: str, folder: pathlib.Path):
    if os.getuid() != 0:
        pytest.skip("only root makes the namespaces and the user of a pod")
    with running(pod(form), relay(form), configuration(form), spool_mount(form), folder) as relay_of_pod:
        yield relay_of_pod


@pytest.mark.parametrize("form", FORMS)
def test_pods_are_restricted(form):
    """Kubernetes' own "restricted" profile."""
    whole = pod(form)["securityContext"]
    assert whole["runAsNonRoot"] is True and whole["runAsUser"] > 0
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & set(pod(form))
    assert pod(form)["automountServiceAccountToken"] is False
    for container in containers(form):
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False and context["capabilities"] == {"drop": ["ALL"]}
    assert all(set(v) & {"configMap", "secret", "emptyDir"} for v in pod(form)["volumes"])
    assert relay(form)["securityContext"]["readOnlyRootFilesystem"] is True


@pytest.mark.parametrize("form", FORMS)
def test_it_is_alive_by_healthz(form):
    for probe in ("startupProbe", "livenessProbe"):
        assert relay(form)[probe]["httpGet"] == {"path": "/healthz", "port": "metrics"}


@pytest.mark.parametrize("form", SIDECARS)
def test_a_sidecar_is_native_and_cannot_take_the_site_down(form):
    assert relay(form) in pod(form)["initContainers"] and relay(form)["restartPolicy"] == "Always"
    assert "readinessProbe" not in relay(form)


def test_the_shared_form_is_asked_whether_it_is_ready():
    assert relay("shared")["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "metrics"}


@pytest.mark.parametrize("form", ["sidecar", "shared"])
def test_a_spool_is_a_disk_of_one_pod(form):
    controller = one(form, "StatefulSet")
    (claim,) = controller["spec"]["volumeClaimTemplates"]
    assert claim["spec"]["accessModes"] == ["ReadWriteOncePod"]
    assert claim["metadata"]["name"] == "spool" and spool_mount(form)
    services = [o["metadata"]["name"] for o in render(FOLDER / form) if o["kind"] == "Service"]
    assert controller["spec"]["serviceName"] in services


@pytest.mark.parametrize("form", FORMS)
def test_the_data_directory_lies_below_the_volume(form):
    """The volume's own root is open to others, and not the pod's user's."""
    data_dir = pathlib.PurePath(yaml.safe_load(configuration(form))["data_dir"])
    assert pathlib.PurePath(spool_mount(form)) in data_dir.parents


@pytest.mark.parametrize("form", SIDECARS)
def test_a_sidecar_starts_on_a_fresh_volume(form, tmp_path):
    with started(form, tmp_path) as pod_of_form:
        records = pod_of_form.exec("domain", "records", "example.com")
        assert records.returncode == 0 and "_domainkey" in records.stdout, records


def test_the_shared_form_starts_on_a_fresh_volume_and_says_the_ports_of_its_service(tmp_path):
    (service,) = [o for o in render(FOLDER / "shared") if o["metadata"]["name"] == "postern-submission"]
    offered = {p["port"] for p in service["spec"]["ports"]}
    with started("shared", tmp_path) as pod_of_form:
        made = pod_of_form.exec("app", "add", "shop", "--domain", "example.com", "--json")
        assert made.returncode == 0, made
        submission = json.loads(made.stdout)["submission"]
    assert submission["port"] in offered
    assert submission["host"] == yaml.safe_load(configuration("shared"))["hostname"]


def test_the_service_offers_the_ports_of_the_listeners():
    listeners = {int(o["address"].split(":")[1]) for o in yaml.safe_load(configuration("shared"))["listen"]["smtp"]}
    (service,) = [o for o in render(FOLDER / "shared") if o["metadata"]["name"] == "postern-submission"]
    ports = {p["name"]: p["containerPort"] for p in relay("shared")["ports"]}
    assert {(p["port"], ports[p["targetPort"]]) for p in service["spec"]["ports"]} == {(port, port) for port in listeners}


def test_the_shared_relay_reaches_who_lends_it_its_rights_and_nothing_else_by_http():
    (policy,) = [o for o in render(FOLDER / "shared") if o["kind"] == "NetworkPolicy"]
    by_http = [rule for rule in policy["spec"]["egress"] if {"port": 80} in rule["ports"]]
    lenders = {"169.254.170.23/32", "169.254.169.254/32"}
    assert [{peer["ipBlock"]["cidr"] for peer in rule["to"]} for rule in by_http] == [lenders]


def test_a_deployment_has_no_lasting_disk_and_drains_before_it_ends():
    form = "sidecar-deployment"
    assert one(form, "Deployment")["spec"].keys() == {"replicas", "selector", "template"}
    assert {"name": "spool", "emptyDir": {"sizeLimit": "2Gi"}} in pod(form)["volumes"]
    read = yaml.safe_load(configuration(form))
    assert read["data_dir_durable"] is False and all("key_file" in domain for domain in read["domains"])
    command = relay(form)["lifecycle"]["preStop"]["exec"]["command"]
    assert command[:3] == ["postern", "drain", "--timeout"]
    default_drain = 25
    assert pod(form)["terminationGracePeriodSeconds"] > int(command[3].removesuffix("s")) + default_drain


@pytest.mark.parametrize("form", FORMS)
def test_every_mount_port_and_label_is_there(form):
    claims = one(form, "StatefulSet", "Deployment")["spec"].get("volumeClaimTemplates", [])
    volumes = {v["name"] for v in pod(form)["volumes"]} | {c["metadata"]["name"] for c in claims}
    assert {m["name"] for m in relay(form)["volumeMounts"]} == volumes
    names = {p["name"] for c in pod(form)["containers"] for p in c.get("ports", [])}  # not of init containers
    numbers = {p["containerPort"] for c in containers(form) for p in c.get("ports", [])}
    for policy in (o for o in render(FOLDER / form) if o["kind"] == "NetworkPolicy"):
        rules = policy["spec"]["ingress"]
        assert {p["port"] for rule in rules for p in rule["ports"]} <= names | numbers
    template = one(form, "StatefulSet", "Deployment")["spec"]["template"]
    for service in (o for o in render(FOLDER / form) if o["kind"] == "Service"):
        assert service["spec"]["selector"].items() <= template["metadata"]["labels"].items()


@pytest.mark.parametrize("form", FORMS)
def test_prometheus_finds_the_relay(form):
    monitor = one(form, "ServiceMonitor")["spec"]
    wanted = monitor["selector"]["matchLabels"].items()
    (service,) = [
        o
        for o in render(FOLDER / form)
        if o["kind"] == "Service" and wanted <= o["metadata"].get("labels", {}).items()
    ]
    assert {e["port"] for e in monitor["endpoints"]} <= {p["name"] for p in service["spec"]["ports"]}


@pytest.mark.parametrize("form", FORMS)
def test_its_configuration_is_accepted(form, tmp_path):
    accepted(configuration(form), tmp_path)


def test_it_is_tidy_yaml():
    files = [path for folder in ("kubernetes", "compose") for path in (PROJECT / "deploy" / folder).rglob("*.y*ml")]
    done = subprocess.run(["yamllint", "-d", TIDY, *files], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout
