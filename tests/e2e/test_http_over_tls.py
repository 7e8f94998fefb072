"""`listen.http[].tls: implicit`: HTTPS with the relay's certificate, for curl and Python's ssl."""

import shutil
import signal
import socket
import ssl
import subprocess
import urllib.error
import urllib.request

import pytest

from simulator import certificates
from support.ports import free_port
from support.waiting import until


@pytest.fixture
def site(start_site, keys, tmp_path):
    """Metrics over TLS beside the listener in clear text; a certificate that may be overwritten."""
    pair = certificates.make_certificate(keys.authority, "renewable", ["DNS:localhost", "IP:127.0.0.1"])
    running = start_site(
        tls={
            "certificate": str(shutil.copy(pair.certificate, tmp_path / "cert.pem")),
            "private_key": str(shutil.copy(pair.private_key, tmp_path / "key.pem")),
        }
    )
    (tmp_path / "key.pem").chmod(0o600)
    listeners = running.relay.config["listen"]["http"]
    encrypted = {"address": f"127.0.0.1:{free_port()}", "serve": ["metrics"], "tls": "implicit"}
    running.relay.configure(listen={"http": [*listeners, encrypted]})
    running.relay.stop()
    running.relay.start()
    return running


def port_of(site) -> int:
    return int(site.relay.config["listen"]["http"][1]["address"].rpartition(":")[2])


def shown_certificate(site) -> bytes:
    """What a client that trusts our authority is shown."""
    with socket.create_connection(("127.0.0.1", port_of(site)), timeout=10) as connection:
        with site.keys.trusting().wrap_socket(connection, server_hostname="localhost") as encrypted:
            return encrypted.getpeercert(binary_form=True)


def curl(site, *words: str) -> subprocess.CompletedProcess:
    command = ["curl", "--silent", "--show-error", "--max-time", "10"]
    return subprocess.run([*command, *words], capture_output=True, text=True, timeout=20)


def test_curl_is_answered_and_trusts_only_our_authority(site):
    url = f"https://localhost:{port_of(site)}/metrics"
    answer = curl(site, "--cacert", str(site.keys.authority.certificate), url)
    assert answer.returncode == 0, answer.stderr
    assert "\npostern_build_info{" in answer.stdout
    assert curl(site, url).returncode == 60  # the certificate's issuer is not known


def test_python_is_answered_what_is_served_and_nothing_else(site):
    with urllib.request.urlopen(
        f"https://localhost:{port_of(site)}/metrics", context=site.keys.trusting(), timeout=10
    ) as answer:
        assert answer.status == 200
        assert b"\npostern_build_info{" in answer.read()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(
            f"https://localhost:{port_of(site)}/healthz", context=site.keys.trusting(), timeout=10
        )


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_old_tls_and_clear_text_are_not_answered(site):
    old = site.keys.trusting()
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", port_of(site)), timeout=10) as connection:
        with pytest.raises(ssl.SSLError, match="alert protocol version"):
            old.wrap_socket(connection, server_hostname="localhost")
    assert curl(site, f"http://localhost:{port_of(site)}/metrics").stdout == ""


def test_a_certificate_renewed_in_place_is_taken_up(site, tmp_path):
    before = shown_certificate(site)
    renewed = certificates.make_certificate(site.keys.authority, "renewed", ["DNS:localhost", "IP:127.0.0.1"])
    shutil.copy(renewed.certificate, tmp_path / "cert.pem")
    shutil.copy(renewed.private_key, tmp_path / "key.pem")
    site.relay.signal(signal.SIGHUP)
    until(lambda: shown_certificate(site) != before, "the renewed certificate", 10)
    assert shown_certificate(site) == ssl.PEM_cert_to_DER_cert(renewed.certificate.read_text())
