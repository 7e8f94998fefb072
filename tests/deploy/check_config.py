"""Whether `postern check-config` takes a configuration whose secrets and keys lie elsewhere than on this machine."""

import pathlib
import re
import subprocess

from package import PROGRAM

PASSWORD = "q7Xc0mV5nT2bR9kL4wZ8sJ1hG6fD3pY0aU5eI2oN7xB"


def _make(path: pathlib.Path, key: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        return
    if key in ("key_file", "private_key", "certificate", "tls_ca_file"):
        kind = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=relay.example.com", "-days", "30"]
        certificate = path.with_name("certificate.pem")
        private_key = path.with_name("private_key.pem")
        if not certificate.exists():
            pair = ["-keyout", private_key, "-out", certificate]
            subprocess.run(["openssl", *kind, *pair], check=True, capture_output=True, timeout=60)
        path.write_text((certificate if key in ("certificate", "tls_ca_file") else private_key).read_text())
    else:
        path.write_text(PASSWORD + "\n")
    path.chmod(0o600)


def make_what_is_named(text: str, folder: pathlib.Path) -> str:
    """Makes below `folder` the secrets and keys that a configuration names by a path; gives it with their new paths."""

    def moved(match: re.Match) -> str:
        key, path = match.group(1), match.group(2)
        if key == "master_key_file" or path.startswith("/var/lib/"):
            return match.group(0)
        here = folder / path.lstrip("/")
        _make(here, key)
        return f"{key}: {here}"

    return re.sub(r"(?m)(?<![#\w])(\w+_file|certificate|private_key): ([^\s,}#]+)", moved, text)


def accepted(text: str, folder: pathlib.Path) -> str:
    """Fails with the command's own words unless the configuration is good; gives what it prints. What the text names
    by a path is made below `folder`."""
    file = folder / "postern.yml"
    file.write_text(make_what_is_named(text, folder))
    done = subprocess.run([PROGRAM, "check-config", file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout
