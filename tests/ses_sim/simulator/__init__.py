"""A stand-in for the SMTP end point of Amazon SES. See ../README.md."""
