"""deploy/aws: two templates that say the same, and give the relay the rights to what it calls, and to nothing else."""

import json
import re

import pytest
import yaml
from machine import PROJECT

CLOUDFORMATION = (PROJECT / "deploy/aws/postern.yaml").read_text()
TERRAFORM = (PROJECT / "deploy/aws/postern.tf").read_text()
BY_SMTP = {"ses:SendRawEmail"}  # what SES wants of whoever logs in there
EVENTS = {"send", "delivery", "bounce", "complaint", "reject", "deliverydelay", "renderingfailure"}


class _Template(yaml.SafeLoader):
    """CloudFormation's short forms: `!Ref X` is read as {"Ref": "X"}."""


def _short_form(loader, tag, node):
    readers = {"scalar": loader.construct_scalar, "sequence": loader.construct_sequence}
    read = readers.get(node.id, loader.construct_mapping)
    return {tag: read(node) if node.id == "scalar" else read(node, deep=True)}


_Template.add_multi_constructor("!", _short_form)
STACK = yaml.load(CLOUDFORMATION, _Template)


def actions_called() -> set[str]:
    """What the code asks AWS for: each SES call names its right; an SQS call is named after its action."""
    code = {path.name: path.read_text() for path in (PROJECT / "relay/aws").glob("*.cpp")}
    called = set(re.findall(r'"(ses:[A-Za-z]+)"', "".join(code.values())))
    asked = re.findall(r'ask\("([A-Za-z]+?)(?:Batch)?"', code["sqs_api.cpp"])
    return called | {f"sqs:{action}" for action in asked}


def test_the_code_calls_something():
    assert {"ses:GetAccount", "sqs:ReceiveMessage", "sqs:DeleteMessage"} <= actions_called()


def _statements(node):
    """Every statement of the relay's own policies, those that depend on a condition too."""
    if isinstance(node, dict):
        if "Action" in node and "Principal" not in node:
            yield node
        for value in node.values():
            yield from _statements(value)
    elif isinstance(node, list):
        for value in node:
            yield from _statements(value)


def test_cloudformation_allows_what_is_called_and_no_more():
    allowed = set()
    for statement in _statements(STACK):
        actions = statement["Action"]
        allowed |= {actions} if isinstance(actions, str) else set(actions)
    assert allowed == actions_called() | BY_SMTP


def test_terraform_allows_the_same():
    named = set(re.findall(r'"((?:ses|sqs):[A-Z]\w+)"', TERRAFORM)) - {"ses:FromAddress"}
    assert named - {"sqs:SendMessage"} == actions_called() | BY_SMTP


@pytest.mark.parametrize("written", [CLOUDFORMATION, TERRAFORM], ids=["cloudformation", "terraform"])
def test_every_event_is_wanted_but_opens_and_clicks(written):
    (listed,) = re.findall(r"(?i)matching_?event_?types\s*[:=]\s*\[([^\]]+)\]", written)
    assert {word.strip().strip('"').replace("_", "").lower() for word in listed.split(",")} == EVENTS


def test_only_the_calls_about_the_account_may_touch_everything():
    wide = [s["Action"] for s in _statements(STACK) if s["Resource"] == "*"]
    assert wide == ["ses:GetAccount", ["ses:PutSuppressedDestination", "ses:DeleteSuppressedDestination"]]
    assert len(re.findall(r'Resource\s*=\s*"\*"', TERRAFORM)) == len(wide)


def test_sending_is_bound_to_the_from_addresses():
    sends = [s for s in _statements(STACK) if s["Action"] == "ses:SendRawEmail"]
    assert len(sends) == 2  # by the stack's own set, and by further ones
    assert all(s["Condition"] == {"StringLike": {"ses:FromAddress": {"Ref": "FromAddresses"}}} for s in sends)
    assert '"ses:FromAddress" = var.from_addresses' in TERRAFORM


def test_what_may_be_done_with_the_stack_s_set_may_be_done_with_further_ones():
    """An app's own configuration set: without the right to it SES refuses as if the credentials were wrong."""
    further = {"Ref": "MoreConfigurationSets"}
    actions = [s["Action"] for s in _statements(STACK) if s["Resource"] == further]
    own = [s["Action"] for s in _statements(STACK) if "configuration-set/" in json.dumps(s["Resource"])]
    assert actions == own and len(own) == 2
    publishers = [s["Condition"]["StringEquals"]["AWS:SourceArn"] for s in _policy("TopicPolicy")]
    assert publishers[1] == further and "configuration-set/${Name}" in json.dumps(publishers[0])
    assert TERRAFORM.count("configuration-set/") == 1
    assert len(re.findall(r"local\.sets\b", TERRAFORM)) == len(own) + 1


def _policy(name: str) -> list[dict]:
    """The statements of a resource's policy, those that depend on a condition too."""
    listed = STACK["Resources"][name]["Properties"]["PolicyDocument"]["Statement"]
    return [s["If"][1] if "If" in s else s for s in listed]


def test_nobody_but_the_stack_s_own_set_and_topic_and_the_sets_that_are_named_may_publish():
    policies = [_policy(name) for name in ("TopicPolicy", "QueuePolicy")]
    for policy in policies:
        assert all("Condition" in statement and "Service" in statement["Principal"] for statement in policy)
    assert "AWS:SourceArn" in json.dumps(policies[0]) and "aws:SourceArn" in json.dumps(policies[1])
    assert '"AWS:SourceArn"' in TERRAFORM and '"aws:SourceArn"' in TERRAFORM


def test_no_secret_is_made():
    assert "AWS::IAM::AccessKey" not in CLOUDFORMATION and "aws_iam_access_key" not in TERRAFORM


def test_every_reference_of_the_stack_is_declared():
    known = set(STACK["Parameters"]) | set(STACK["Resources"])
    used = set(re.findall(r"!Ref (\w+)(?!::)\b", CLOUDFORMATION)) - {"AWS"}
    used |= {name.split(".")[0] for name in re.findall(r"!GetAtt (\S+)", CLOUDFORMATION)}
    used |= set(re.findall(r"\$\{(\w+)\}", CLOUDFORMATION))
    assert used <= known
    conditions = set(re.findall(r"- !If\n\s+- (\w+)", CLOUDFORMATION))
    assert conditions == set(STACK["Conditions"])


def test_both_give_the_same_outputs():
    ours = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in STACK["Outputs"]}
    assert ours == set(re.findall(r'(?m)^output "(\w+)"', TERRAFORM))


def test_every_name_in_terraform_is_declared():
    declared = set(re.findall(r'(?m)^(?:resource|data) "(\w+)" "(\w+)"', TERRAFORM))
    used = set(re.findall(r"\b(aws_\w+)\.(\w+)\.", TERRAFORM))
    assert used <= declared
    variables = set(re.findall(r'(?m)^variable "(\w+)"', TERRAFORM))
    assert set(re.findall(r"var\.(\w+)", TERRAFORM)) == variables
