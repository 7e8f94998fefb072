# Sourced by quickstart.sh and docker/check.sh, from the project's root: the SES look-alike, whose things lie in $home.
# What is started goes into `pids`; `die SENTENCE` ends the script.
free_port() { /usr/bin/python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
field() { /usr/bin/python3 -c 'import json, sys; print(json.loads(sys.argv[1])[sys.argv[2]])' "$1" "$2"; }
start_ses() { # sets ses_port, ses_control, ses_ca
  local ready
  exec 3< <(exec tests/ses_sim/ses_sim --save "$home/ses" --tls-dir "$home/tls" \
    --set '{"identities": ["example.com"]}' 2> "$home/ses.log")
  pids+=($!)
  read -r -t 60 ready <&3 || die "the SES look-alike did not start: $(cat "$home/ses.log")"
  ses_port=$(field "$ready" tls_port) ses_control=$(field "$ready" control_port) ses_ca=$(field "$ready" ca)
}
write_ses_credentials() { # FOLDER: those that the look-alike knows, as ses_user and ses_password
  (umask 077; echo AKIAIOSFODNN7EXAMPLE > "$1/ses_user"; echo BMXhUYlu5Z3gSXVQORxlVa7XPaz91aGWdfHxvkOZdWZ2 > "$1/ses_password")
}
