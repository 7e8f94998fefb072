"""Verified identities: a domain with all below it, or one address."""

SIMULATOR_DOMAIN = "simulator.amazonses.com"
SIMULATOR_MAILBOXES = frozenset(("success", "bounce", "complaint", "suppressionlist", "ooto"))
LISTED_AT_MOST = 10  # the reply ends with ... beyond it


def verified(address: str, identities: list[str]) -> bool:
    """The local part counts with its case, the domain without."""
    local, at, domain = address.rpartition("@")
    if not at:
        return False
    domain = domain.lower()
    for identity in identities:
        identity_local, at, identity_domain = identity.rpartition("@")
        identity_domain = identity_domain.lower()
        if at and identity_local == local and identity_domain == domain:
            return True
        if not at and (domain == identity_domain or domain.endswith("." + identity_domain)):
            return True
    return False


def simulator_mailbox(address: str) -> str:
    """Which mailbox of SES's simulator this is (bounce, complaint …; a +label is allowed); or nothing."""
    local, _, domain = address.rpartition("@")
    mailbox = local.partition("+")[0].lower()
    return mailbox if domain.lower() == SIMULATOR_DOMAIN and mailbox in SIMULATOR_MAILBOXES else ""


def failing(originators: list[tuple[str, str]], envelope_from: str, identities: list[str]) -> list[str]:
    """Originators not verified, as SES lists them: `name <address>` where there is a name, then the address."""
    names = []
    for display, address in originators:
        if not verified(address, identities):
            if display:
                names.append(f"{display} <{address}>")
            names.append(address)
    if not verified(envelope_from, identities):
        names.append(envelope_from)
    return list(dict.fromkeys(names))


def listing(names: list[str]) -> str:
    shown = ", ".join(names[:LISTED_AT_MOST])
    return shown + "..." if len(names) > LISTED_AT_MOST else shown
