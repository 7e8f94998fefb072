"""Sends one mail as a Drupal site would, and prints the relay's last reply: quickstart_mail.py PORT TO KIND."""

import smtplib
import sys
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate, make_msgid

RESET = """alice,

A request to reset the password for your account has been made at Example Council.

You may now log in by clicking this link or copying and pasting it into your browser:

https://www.example.com/user/reset/2/1795318458/7GkLlFQ2lczuh1uqEJ9llIlNVePzDDeWUPsZ8nQZCww

This link can only be used once to log in. It expires after one day.

--  Example Council team
"""


def drupal_mail(to: str, kind: str) -> EmailMessage:
    message = EmailMessage()
    message["Subject"] = "Replacement login information at Example Council" if kind == "reset" else "Your order"
    message["From"] = "Example Council <noreply@example.com>"
    message["Sender"] = "noreply@example.com"
    message["Reply-To"] = "noreply@example.com"
    message["To"] = to
    message["Return-Path"] = "noreply@example.com"  # Drupal core writes it; it must not reach SES
    message["X-Mailer"] = "Drupal"
    message["Date"] = formatdate()
    message["Message-ID"] = make_msgid(domain="www.example.com")
    message.set_content(RESET if kind == "reset" else "Thank you for your order. – The Example shop\n")
    if kind == "attachment":
        message.add_attachment(b"%PDF-1.4 ...", maintype="application", subtype="pdf", filename="invoice.pdf")
    return message


def main() -> None:
    port, to, kind = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    with smtplib.SMTP("127.0.0.1", port, timeout=30) as client:
        client.ehlo("www.example.com")
        client.mail("noreply@example.com")
        client.rcpt(to)
        code, text = client.data(drupal_mail(to, kind).as_bytes(policy=SMTP))
        print(code, text.decode())


if __name__ == "__main__":
    main()
