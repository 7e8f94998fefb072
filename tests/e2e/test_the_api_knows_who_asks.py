"""The API on a TCP listener: a token says who asks; one app sees nothing of another."""

import json
import urllib.error
import urllib.request

import pytest

from support import mail

ADMIN = "4Zq9vX2mT7wK1rB8nY5cJ3hL6pD0sF4gA2eU7iO9xQzE5"


@pytest.fixture
def site(start_site):
    """Two apps with a domain each; the API beside health and metrics."""
    running = start_site()
    relay = running.relay
    relay.write_secret("admin_token", ADMIN)
    listener = {**relay.config["listen"]["http"][0], "serve": ["health", "metrics", "api"]}
    relay.configure(listen={"http": [listener], "admin_token_file": "admin_token"})
    relay.stop()
    relay.start()
    for app, domain in (("blog", "blog.example"), ("news", "news.example")):
        assert relay.command("app", "add", app, "--owner", app).returncode == 0
        assert relay.command("domain", "add", domain, "--app", app).returncode == 0
    return running


def ask(site, path: str, token: str = "", body=None, **fields: str) -> tuple[int, dict]:
    """Status and JSON of one request."""
    request = urllib.request.Request(f"http://127.0.0.1:{site.relay.http_port}{path}")
    if body is not None:
        request.data = json.dumps(body).encode()
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    for name, value in fields.items():
        request.add_header(name.replace("_", "-"), value)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


def token_of(site, *words: str) -> str:
    return site.relay.asked("token", "add", *words)[0]["secret"]


def test_without_a_token_nothing_is_told(site):
    assert ask(site, "/api/v1/apps")[0] == 401
    assert ask(site, "/api/v1/apps", token="wrong." + ADMIN)[0] == 401
    assert site.relay.ready()


def test_wrong_tokens_from_an_address_do_not_lock_out_the_right_one(site):
    wrong = [ask(site, "/api/v1/apps", token="wrong." + ADMIN)[0] for _ in range(11)]
    assert wrong == [401] * 10 + [429]
    assert ask(site, "/api/v1/apps", ADMIN)[0] == 200


def test_an_app_sees_its_own_and_nothing_else(site):
    token = token_of(site, "--role", "app", "--app", "blog")
    assert ask(site, "/api/v1/domains/blog.example", token)[0] == 200
    listed = ask(site, "/api/v1/domains", token)[1]["domains"]
    assert [domain["name"] for domain in listed] == ["blog.example"]
    for path in ("/api/v1/domains/news.example", "/api/v1/apps/news", "/api/v1/domains/none.example"):
        assert ask(site, path, token)[0] == 404
    assert ask(site, "/api/v1/domains/blog.example/associate", token, {"app": "blog"})[0] == 403
    assert site.relay.command("token", "remove", token.split(".")[0]).returncode == 0
    assert ask(site, "/api/v1/domains/blog.example", token)[0] == 401


def test_the_admin_changes_and_the_trail_tells(site):
    status, blocked = ask(site, "/api/v1/apps/blog/block", ADMIN, {"why": "spam"})
    assert status == 200 and blocked["blocked"]
    assert ask(site, "/api/v1/apps/blog/block", token_of(site, "--role", "read"), {"why": "x"})[0] == 403
    record = ask(site, "/api/v1/audit?target=blog", ADMIN)[1]["records"][0]
    assert (record["what"], record["detail"], record["who"]) == ("app block", "spam", "admin token")
    assert site.relay.metric("app_blocked", app="blog") == 1


def test_another_host_name_is_not_answered(site):
    assert ask(site, "/api/v1/apps", ADMIN, Host="evil.example")[0] == 421
    assert ask(site, "/api/v1/apps", ADMIN, Origin="https://evil.example")[0] == 403
    assert ask(site, "/api/v1/apps", ADMIN, Host="localhost")[0] == 200


def seen_by(site, token: str, queue_id: str) -> list[bool]:
    """Whether a message shows to a token, in each way to ask for it."""
    return [
        bool(ask(site, f"/api/v1/trace?word={queue_id}", token)[1]["matches"]),
        bool(ask(site, "/api/v1/trace?word=user%40example.net", token)[1]["matches"]),
        ask(site, f"/api/v1/queue/{queue_id}", token)[0] == 200,
        bool(ask(site, "/api/v1/queue?domain=example.com&state=sent", token)[1]["entries"]),
        bool(ask(site, "/api/v1/queue?state=sent", token)[1]["entries"]),
    ]


def test_mail_shows_to_the_app_that_sent_it_whoever_has_the_domain_now(site):
    relay = site.relay
    shop, blog = (token_of(site, "--role", "app", "--app", app) for app in ("shop", "blog"))
    queue_id = site.send(mail.plain(), recipients=["user@example.net"]).queue_id
    relay.await_event(queue_id, "sent")
    assert (seen_by(site, shop, queue_id), seen_by(site, blog, queue_id)) == ([True] * 5, [False] * 5)
    relay.config["apps"][0]["domains"] = []
    relay.config["apps"].append(
        {"name": "rival", "owner": "other", "password_file": "shop", "domains": ["example.com"]}
    )
    relay.write_config()
    relay.reload()
    rival = token_of(site, "--role", "app", "--app", "rival")
    assert ask(site, "/api/v1/domains/example.com", rival)[0] == 200
    assert ask(site, "/api/v1/domains/example.com", shop)[0] == 404
    assert (seen_by(site, shop, queue_id), seen_by(site, rival, queue_id)) == ([True] * 5, [False] * 5)
    assert ask(site, "/api/v1/queue?app=shop", rival)[0] == 404
    assert [each["app"] for each in ask(site, "/api/v1/stats", rival)[1]["apps"]] == ["rival"]
