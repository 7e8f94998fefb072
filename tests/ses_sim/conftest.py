"""Fixtures of the simulator's own tests."""

import pathlib
import smtplib
import ssl
import sys

import pytest

sys.path[:0] = [str(pathlib.Path(__file__).parent), str(pathlib.Path(__file__).parent.parent)]

from support.ses_process import SesProcess  # noqa: E402


@pytest.fixture(scope="session")
def tls_directory(tmp_path_factory):
    return tmp_path_factory.mktemp("tls")


@pytest.fixture
def ses(tmp_path, tls_directory):
    process = SesProcess(tmp_path, tls_directory, "--seed", "1")
    yield process
    process.stop()


@pytest.fixture
def trusting(ses):
    return ssl.create_default_context(cafile=ses.ca)


@pytest.fixture
def open_session(ses, trusting):
    """Opens a connection with implicit TLS and logs in; all are closed at the end."""
    opened = []

    def open_one(login: bool = True) -> smtplib.SMTP_SSL:
        client = smtplib.SMTP_SSL("localhost", ses.tls_port, context=trusting, timeout=10)
        opened.append(client)
        client.ehlo("relay.example.com")
        if login:
            client.login(ses.user, ses.password)
        return client

    yield open_one
    for client in opened:
        client.close()


@pytest.fixture
def session(open_session):
    return open_session()
