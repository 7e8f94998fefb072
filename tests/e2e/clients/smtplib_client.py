"""Python's smtplib."""

import email.message
import email.utils
import json
import smtplib
import ssl
import sys

mail = json.loads(sys.argv[1])
message = email.message.EmailMessage()
message["From"], message["To"], message["Subject"] = mail["from"], mail["to"], mail["subject"]
message["Date"], message["Message-ID"] = email.utils.localtime(), email.utils.make_msgid(domain="example.com")
message.set_content(mail["body"])

trusting = ssl.create_default_context(cafile=mail["ca"])
if mail["tls"] == "implicit":
    client = smtplib.SMTP_SSL(mail["host"], mail["port"], context=trusting, timeout=20)
else:
    client = smtplib.SMTP(mail["host"], mail["port"], timeout=20)
with client:
    if mail["tls"] == "starttls":
        client.starttls(context=trusting)
    if mail["user"]:
        client.login(mail["user"], mail["password"])
    client.send_message(message)
