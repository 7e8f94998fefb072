# The SES look-alike of the tests, for compose.try-out.yml.
FROM docker.io/library/debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends python3 openssl && rm -rf /var/lib/apt/lists/*
COPY tests/ses_sim /ses_sim
RUN mkdir /mail /tls
CMD ["/ses_sim/ses_sim", "--address", "0.0.0.0", "--name", "ses", "--tls-port", "465", "--tls-dir", "/tls", \
     "--save", "/mail", "--set", "{\"identities\": [\"example.com\"]}"]
