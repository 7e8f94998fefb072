"""deploy/compose: the relay is confined, what is mounted is there, and both configurations are accepted."""

import ipaddress
import re

import pytest
import yaml
from check_config import accepted
from machine import PROJECT

FOLDER = PROJECT / "deploy/compose"
COMPOSE = yaml.safe_load((FOLDER / "compose.yml").read_text())
TRY_OUT = yaml.safe_load((FOLDER / "compose.try-out.yml").read_text())
CONFIGURATIONS = ["postern.yml", "postern.try-out.yml"]


def services():
    for document in (COMPOSE, TRY_OUT):
        for name, service in document["services"].items():
            yield name, service, set(document["volumes"]) | set(COMPOSE["volumes"])


def test_the_relay_has_no_rights_it_does_not_need():
    relay = COMPOSE["services"]["postern"]
    assert relay["read_only"] is True and relay["cap_drop"] == ["ALL"]
    assert relay["security_opt"] == ["no-new-privileges:true"] and "privileged" not in relay
    assert re.fullmatch(r"\$\{POSTERN_UID:-\d{4,}\}:0", relay["user"])
    assert "ports" not in relay


def test_what_is_mounted_exists():
    made_by_the_reader = {"./secrets"}
    for name, service, volumes in services():
        for mount in service.get("volumes", []):
            source = mount.split(":")[0]
            known = source in volumes or source in made_by_the_reader
            assert known or (FOLDER / source).exists(), f"{name}: {mount}"


def test_what_is_built_exists():
    for _, service, _ in services():
        if "build" in service:
            assert (FOLDER / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_the_relay_has_time_to_drain():
    drain = yaml.safe_load((FOLDER / "postern.yml").read_text()).get("drain", "25s")
    grace = COMPOSE["services"]["postern"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > int(drain.removesuffix("s"))


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_its_configuration_is_accepted(name, tmp_path):
    accepted((FOLDER / name).read_text(), tmp_path)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_who_may_send_is_the_network_of_the_site(name):
    (network,) = COMPOSE["networks"]["mail"]["ipam"]["config"]
    (listener,) = yaml.safe_load((FOLDER / name).read_text())["listen"]["smtp"]
    assert listener["allow"] == [network["subnet"]]
    assert ipaddress.ip_network(network["subnet"]).is_private and COMPOSE["networks"]["mail"]["internal"]
    members = {n for n, s, _ in services() if "mail" in s.get("networks", [])}
    assert members == {"drupal", "postern", "ses"}
    drupal, relay = (set(COMPOSE["services"][who]["networks"]) for who in ("drupal", "postern"))
    assert drupal & relay == {"mail"}  # else the site may come by another network, which is not in `allow`


def test_prometheus_finds_the_relay_by_its_service_s_name():
    scraped = yaml.safe_load((PROJECT / "deploy/prometheus/prometheus.yml").read_text())["scrape_configs"]
    targets = {t for job in scraped for config in job["static_configs"] for t in config["targets"]}
    (http,) = yaml.safe_load((FOLDER / "postern.yml").read_text())["listen"]["http"]
    assert f"postern:{http['address'].rpartition(':')[2]}" in targets
