"""Throw-away certificates, made with the openssl command."""

import dataclasses
import pathlib
import subprocess

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"]


@dataclasses.dataclass(frozen=True)
class Pair:
    """A certificate and its private key, both PEM files."""

    certificate: pathlib.Path
    private_key: pathlib.Path


def make_authority(directory: pathlib.Path, name: str = "ca") -> Pair:
    """A self-signed certificate authority, `name`.pem and `name`.key in `directory`; one that is there is kept."""
    pair = _pair(directory, name)
    extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"]
    return _make(pair, f"/CN=Throw-away authority {name}", extensions, [])


def make_certificate(authority: Pair, name: str, subjects: list[str]) -> Pair:
    """A server's certificate beside its authority's; `subjects` as in subjectAltName: `DNS:localhost`."""
    pair = _pair(authority.certificate.parent, name)
    extensions = ["subjectAltName=" + ",".join(subjects), "extendedKeyUsage=serverAuth"]
    signed_by = ["-CA", str(authority.certificate), "-CAkey", str(authority.private_key)]
    return _make(pair, f"/CN={name}", extensions, signed_by)


def _pair(directory: pathlib.Path, name: str) -> Pair:
    directory.mkdir(parents=True, exist_ok=True)
    return Pair(directory / f"{name}.pem", directory / f"{name}.key")


def _make(pair: Pair, subject: str, extensions: list[str], signed_by: list[str]) -> Pair:
    if pair.certificate.exists() and pair.private_key.exists():
        return pair
    command = ["openssl", "req", "-x509", *_KEY, "-days", "30", "-subj", subject, *signed_by]
    for extension in extensions:
        command += ["-addext", extension]
    command += ["-keyout", str(pair.private_key), "-out", str(pair.certificate)]
    subprocess.run(command, check=True, capture_output=True)
    return pair
