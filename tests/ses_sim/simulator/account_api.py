"""What the API tells of the account, its configuration sets, and its suppression list."""

import re
import time
import urllib.parse

from .endpoint import Endpoint

# Action, method, path.
OPERATIONS = (
    ("GetAccount", "GET", re.compile(r"/v2/email/account()")),
    ("GetConfigurationSet", "GET", re.compile(r"/v2/email/configuration-sets/([^/]+)")),
    (
        "GetConfigurationSetEventDestinations",
        "GET",
        re.compile(r"/v2/email/configuration-sets/([^/]+)/event-destinations"),
    ),
    ("PutSuppressedDestination", "PUT", re.compile(r"/v2/email/suppression/addresses()")),
    ("GetSuppressedDestination", "GET", re.compile(r"/v2/email/suppression/addresses/([^/]+)")),
    ("DeleteSuppressedDestination", "DELETE", re.compile(r"/v2/email/suppression/addresses/([^/]+)")),
)
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
_RATE_WITHOUT_LIMIT = 1000.0


class Unknown(Exception):
    """The address is not on the list, or there is no such configuration set."""


def perform(endpoint: Endpoint, action: str, name: str, body: dict) -> dict:
    """The answer. `name` is the last segment of the path. Raises ValueError for what makes no sense, or Unknown."""
    if action == "GetAccount":
        return described(endpoint)
    if action.startswith("GetConfigurationSet"):
        return _configuration_set(endpoint, action, name)
    if action == "PutSuppressedDestination":
        return _put(endpoint, body)
    address = urllib.parse.unquote(name).lower()
    if address not in endpoint.suppressed:
        raise Unknown(f"Email address {address} does not exist on your suppression list.")
    if action == "DeleteSuppressedDestination":
        del endpoint.suppressed[address]
        return {}
    reason = endpoint.suppressed[address]
    return {"SuppressedDestination": {"EmailAddress": address, "Reason": reason, "LastUpdateTime": time.time()}}


def described(endpoint: Endpoint) -> dict:
    settings = endpoint.settings
    return {
        "DedicatedIpAutoWarmupEnabled": False,
        "EnforcementStatus": settings.enforcement,
        "ProductionAccessEnabled": not settings.sandbox,
        "SendingEnabled": not settings.paused,
        "SendQuota": {
            "Max24HourSend": float(settings.daily_quota or -1),
            "MaxSendRate": settings.max_rate or _RATE_WITHOUT_LIMIT,
            "SentLast24Hours": float(endpoint.account.sent_in_window),
        },
        "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
    }


def _configuration_set(endpoint: Endpoint, action: str, name: str) -> dict:
    settings = endpoint.settings
    if settings.configuration_sets and name not in settings.configuration_sets:
        raise Unknown(f"Configuration set <{name}> does not exist.")
    if action == "GetConfigurationSetEventDestinations":
        return {"EventDestinations": settings.event_destinations}
    metrics = "ENABLED" if settings.engagement_metrics else "DISABLED"
    return {
        "ConfigurationSetName": name,
        "ReputationOptions": {"ReputationMetricsEnabled": True},
        "SendingOptions": {"SendingEnabled": True},
        "Tags": [],
        "VdmOptions": {"DashboardOptions": {"EngagementMetrics": metrics}},
    }


def _put(endpoint: Endpoint, body: dict) -> dict:
    address, reason = body.get("EmailAddress", ""), body.get("Reason", "")
    if not _ADDRESS.fullmatch(address) or reason not in ("BOUNCE", "COMPLAINT"):
        raise ValueError(f"Invalid suppression <{address}> <{reason}>.")
    if endpoint.settings.sandbox:
        raise ValueError("The suppression list is not available in the sandbox.")
    endpoint.suppressed[address.lower()] = reason
    return {}
