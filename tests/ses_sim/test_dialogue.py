"""The dialogue, in the words of SES."""

import base64
import socket
import smtplib
import ssl

import pytest

MESSAGE = (
    b"From: Site <site@example.com>\r\nTo: <a@example.net>\r\nSubject: s\r\n"
    b"Message-ID: <1@site>\r\nDate: Mon, 1 Jan 2024 00:00:00 +0000\r\n\r\nHello\r\n"
)


def send(session, message=MESSAGE, sender="site@example.com", recipients=("a@example.net",)):
    """One transaction; returns (code, text) of its first refusal or its end."""
    answer = session.mail(sender)
    for recipient in recipients if answer[0] == 250 else ():
        answer = session.rcpt(recipient)
        if answer[0] != 250:
            break
    if answer[0] == 250:
        answer = session.data(message)
    if answer[0] != 250:
        session.rset()
    return answer[0], answer[1].decode()


def test_the_greeting_and_extensions_are_those_of_ses(ses, trusting):
    client = smtplib.SMTP(timeout=10)
    code, text = client.connect("127.0.0.1", ses.starttls_port)
    assert code == 220 and text.startswith(b"email-smtp.amazonaws.com ESMTP SimpleEmailService-d-")
    client._host = "localhost"  # smtplib verifies the certificate against it
    assert client.ehlo("x") == (250, b"email-smtp.amazonaws.com\n8BITMIME\nSTARTTLS\nAUTH PLAIN LOGIN\nOk")
    assert client.starttls(context=trusting) == (220, b"Ready to start TLS")
    assert client.ehlo("x") == (250, b"email-smtp.amazonaws.com\n8BITMIME\nAUTH PLAIN LOGIN\nOk")
    assert client.login(ses.user, ses.password) == (235, b"Authentication successful.")
    assert client.quit() == (221, b"Bye")


def test_a_message_gets_an_id_of_the_region(session, ses):
    code, text = send(session)
    assert code == 250 and text.startswith("Ok 0107") and text.endswith("-000000") and len(text) == 63
    assert [record["id"] for record in ses.messages()] == [text.removeprefix("Ok ")]
    assert ses.stats()["offences"] == {}


def test_auth_login_and_plain_without_initial_response(open_session, ses):
    client = open_session(login=False)
    user, password = (base64.b64encode(text.encode()).decode() for text in (ses.user, ses.password))
    assert client.docmd("AUTH LOGIN") == (334, b"VXNlcm5hbWU6")
    assert client.docmd(user) == (334, b"UGFzc3dvcmQ6")
    assert client.docmd(password) == (235, b"Authentication successful.")
    other = open_session(login=False)
    assert other.docmd("AUTH PLAIN") == (334, b"Ok")
    token = base64.b64encode(f"\0{ses.user}\0{ses.password}".encode()).decode()
    assert other.docmd(token)[0] == 235


@pytest.mark.parametrize(
    "credentials, reply",
    [
        ("invalid", (535, b"Authentication Credentials Invalid")),
        ("unsubscribed", (535, b"Account not subscribed to SES")),
        ("unavailable", (454, b"Temporary authentication failure")),
    ],
)
def test_credentials_can_be_refused(open_session, ses, credentials, reply):
    ses.set(credentials=credentials)
    token = base64.b64encode(f"\0{ses.user}\0{ses.password}".encode()).decode()
    assert open_session(login=False).docmd("AUTH PLAIN " + token) == reply


def test_a_wrong_password_is_refused(open_session):
    with pytest.raises(smtplib.SMTPAuthenticationError) as refused:
        open_session(login=False).login("AKIAIOSFODNN7EXAMPLE", "wrong")
    assert refused.value.smtp_error == b"Authentication Credentials Invalid"


def test_mail_needs_authentication(open_session):
    assert open_session(login=False).mail("site@example.com") == (530, b"Authentication required")


@pytest.mark.parametrize(
    "command, reply",
    [
        ("MAIL FROM:<>", (501, b"Invalid MAIL FROM address provided")),
        ("MAIL FROM:<nobody>", (553, b"<nobody> Invalid email address")),
        ("MAIL FROM: site@example.com", (250, b"Ok")),
        ("MAIL FROM:<site@example.com> BODY=8BITMIME", (250, b"Ok")),
    ],
)
def test_reverse_paths(session, command, reply):
    assert session.docmd(command) == reply


def test_forward_paths(session):
    session.mail("site@example.com")
    assert session.docmd("RCPT TO:<nobody>") == (553, b"<nobody> address unknown")
    assert session.docmd("RCPT TO:<>") == (501, b"Invalid RCPT TO address provided")
    assert session.docmd('RCPT TO:<"a b"@example.net>')[0] == 250


def test_a_pipelined_command_is_an_offence_and_still_served(session, ses):
    session.send("MAIL FROM:<site@example.com>\r\nRCPT TO:<a@example.net>\r\n")
    assert [session.getreply()[0] for _ in range(2)] == [250, 250]
    assert ses.stats()["offences"] == {"pipelined": 1}


def test_commands_ahead_of_the_tls_handshake_are_dropped_and_an_offence(ses, trusting):
    with socket.create_connection(("localhost", ses.starttls_port), timeout=10) as raw:
        raw.recv(200)
        raw.sendall(b"EHLO x\r\n")
        raw.recv(400)
        raw.sendall(b"STARTTLS\r\nMAIL FROM:<evil@example.com>\r\n")
        assert raw.recv(200) == b"220 Ready to start TLS\r\n"
        with trusting.wrap_socket(raw, server_hostname="localhost") as secured:
            secured.sendall(b"NOOP\r\n")
            assert secured.recv(200) == b"250 Ok\r\n"
    assert ses.stats()["offences"]["injected-before-tls"] == 1


def test_a_resumed_tls_session_is_counted(ses, trusting):
    trusting.maximum_version = ssl.TLSVersion.TLSv1_2  # the session is there after the handshake
    earlier = None
    for _ in range(2):
        with socket.create_connection(("localhost", ses.tls_port), timeout=10) as raw:
            with trusting.wrap_socket(raw, server_hostname="localhost", session=earlier) as secured:
                secured.recv(200)
                earlier = secured.session
    stats = ses.stats()
    assert (stats["handshakes"], stats["resumed"]) == (2, 1)
