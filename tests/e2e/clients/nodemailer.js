// nodemailer, from npm, found through NODE_PATH.
const fs = require('fs');
const nodemailer = require('nodemailer');

const mail = JSON.parse(process.argv[2]);
const transport = nodemailer.createTransport({
  host: mail.host,
  port: mail.port,
  secure: mail.tls === 'implicit',
  requireTLS: mail.tls === 'starttls',
  ignoreTLS: mail.tls === 'none',
  tls: { ca: fs.readFileSync(mail.ca) },
  auth: mail.user ? { user: mail.user, pass: mail.password } : undefined,
});
transport
  .sendMail({ from: mail.from, to: mail.to, subject: mail.subject, text: mail.body })
  .then(() => transport.close())
  .catch((refused) => {
    console.error(refused.message);
    process.exitCode = 1;
  });
