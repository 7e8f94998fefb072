"""Two verifiers that know nothing of ours, dkimpy and Mail::DKIM: each says what is wrong with our signature."""

import dataclasses
import pathlib
import re
import subprocess

import dkim

_PERL = pathlib.Path(__file__).with_name("mail_dkim_verify.pl")


@dataclasses.dataclass(frozen=True)
class Signer:
    """A signing domain and its public key."""

    domain: str
    selector: str
    private_key: pathlib.Path
    record: str  # the TXT record

    @property
    def name(self) -> str:
        return f"{self.selector}._domainkey.{self.domain}"


def make_signer(
    directory: pathlib.Path, domain: str, selector: str = "p1", algorithm: str = "rsa2048"
) -> Signer:
    """A new key, by the openssl command."""
    key = directory / f"{domain}.{selector}.pem"
    kind = ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"] if algorithm == "rsa2048" else ["ED25519"]
    subprocess.run(["openssl", "genpkey", "-algorithm", *kind, "-out", key], check=True, capture_output=True)
    key.chmod(0o600)
    public = subprocess.run(
        ["openssl", "pkey", "-in", key, "-pubout", "-outform", "DER"], check=True, capture_output=True
    ).stdout
    encoded = dkim.base64.b64encode(public[-32:] if algorithm == "ed25519" else public).decode()
    return Signer(
        domain, selector, key, f"v=DKIM1; k={'rsa' if algorithm == 'rsa2048' else 'ed25519'}; p={encoded}"
    )


def fault_by_dkimpy(message: pathlib.Path, signer: Signer) -> str:
    """Why the signature of this domain does not verify; nothing if it does."""
    octets = message.read_bytes()
    fields, _ = dkim.rfc822_parse(octets)
    signatures = [value for name, value in fields if name.lower() == b"dkim-signature"]
    ours = [
        at
        for at, value in enumerate(signatures)
        if dkim.parse_tag_value(value)[b"d"].decode() == signer.domain
    ]
    if len(ours) != 1:
        return f"{len(ours)} signatures of {signer.domain}"

    def txt(name, timeout=5):
        return signer.record.encode() if name.decode().rstrip(".") == signer.name else None

    try:
        verified = dkim.DKIM(octets, minkey=1024).verify(idx=ours[0], dnsfunc=txt)
    except dkim.DKIMException as fault:
        return f"dkimpy: {fault}"
    return "" if verified else "dkimpy: the signature does not verify"


def faults_by_mail_dkim(messages: list[pathlib.Path], signer: Signer) -> dict[pathlib.Path, str]:
    """The same by Mail::DKIM, for many messages in one run; only those with a fault."""
    asked = subprocess.run(
        ["perl", _PERL, signer.domain, signer.name, signer.record],
        input="".join(f"{path}\n" for path in messages),
        capture_output=True,
        text=True,
        check=True,
    )
    results = dict(line.split("\t", 1) for line in asked.stdout.splitlines())
    missing = {path: "Mail::DKIM: no answer" for path in messages if str(path) not in results}
    return missing | {pathlib.Path(path): result for path, result in results.items() if result != "pass"}


def fault_by_zone(message: pathlib.Path, domain: str, zone: str) -> str:
    """Why this domain's signature does not verify by dkimpy with what the zone's lines publish; nothing if it does."""

    def txt(name, timeout=5):
        for line in zone.splitlines():
            if line.split()[:1] == [name.decode()]:
                return "".join(re.findall(r'"([^"]*)"', line)).encode()
        return None

    octets = message.read_bytes()
    ours = [at for at, tags in enumerate(_signatures(octets)) if tags[b"d"].decode() == domain]
    if len(ours) != 1:
        return f"{len(ours)} signatures of {domain}"
    try:
        verified = dkim.DKIM(octets).verify(idx=ours[0], dnsfunc=txt)
    except dkim.DKIMException as fault:
        return f"dkimpy: {fault}"
    return "" if verified else "dkimpy: the signature does not verify"


def selector(message: pathlib.Path, domain: str) -> str:
    """The s= tag of this domain's signature."""
    return next(
        tags[b"s"].decode() for tags in _signatures(message.read_bytes()) if tags[b"d"].decode() == domain
    )


def _signatures(octets: bytes) -> list[dict]:
    fields, _ = dkim.rfc822_parse(octets)
    return [dkim.parse_tag_value(value) for name, value in fields if name.lower() == b"dkim-signature"]


def signed_fields(message: pathlib.Path, domain: str) -> list[str]:
    """The h= tag of this domain's signature, lower case, in its order."""
    fields, _ = dkim.rfc822_parse(message.read_bytes())
    for name, value in fields:
        if name.lower() == b"dkim-signature":
            tags = dkim.parse_tag_value(value)
            if tags[b"d"].decode() == domain:
                return [part.strip().lower() for part in tags[b"h"].decode().split(":")]
    return []
