# Passwords, tokens and keys of the stack itself, made once. All files are readable for their owner only.

create_credentials() {
  mkdir -p "$SECRETS" "$DATA/custodian"
  chmod 700 "$SECRETS" "$DATA/custodian"
  create_custodian
  local name
  for name in catalog catalog-superuser platform-superuser platform-backup platform-app rabbitmq token second-token \
    repository-database repository-evidence repository-config repository-secrets repository-keys; do
    [ -s "$SECRETS/$name" ] || (umask 077 && openssl rand -hex 24 >"$SECRETS/$name")
  done
  [ -s "$SECRETS/point-signing.pem" ] ||
    (umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$SECRETS/point-signing.pem" 2>/dev/null)
  [ -s "$SECRETS/platform.pgpass" ] || (umask 077 && printf '*:*:*:postgres:%s\n' "$(head -n 1 "$SECRETS/platform-superuser")" >"$SECRETS/platform.pgpass")
  [ -s "$SECRETS/wal-identity" ] || new_identity "$SECRETS/wal-identity"
  WAL_RECIPIENT=$(recipient_of "$SECRETS/wal-identity")
  # Durable before anything is encrypted with them: one that a power failure takes away would be made anew, and open nothing.
  find "$SECRETS" "$DATA/custodian" -type f,d -exec sync {} +
}

# The demonstration custodian. In earnest the identity lives offline, and only its public half (the recipient) stays here, in a file of its
# own: an identity that was taken away must not be replaced by one that nobody knows of. It comes before all other credentials, so that
# where these are and it is not, somebody put them back and forgot it.
create_custodian() {
  local identity=$DATA/custodian/identity.txt recipients=$SECRETS/custodian-recipients
  [ ! -s "$recipients" ] || return 0
  if [ ! -s "$identity" ]; then
    [ ! -s "$SECRETS/point-signing.pem" ] || die "the custodian is not known: neither $recipients nor $identity is there, and the other credentials are" \
      "put one of them back; the recipient (age1…) is also in an earlier $DATA/config.json"
    new_identity "$identity"
  fi
  (umask 077 && recipient_of "$identity" >"$recipients.new")
  [ -s "$recipients.new" ] || die "$identity has no line '# public key: …'" "put the file back as age-keygen wrote it, or write the recipient into $recipients"
  mv "$recipients.new" "$recipients"
}

# new_identity FILE: age-keygen does not write over an empty file, which a full disk leaves.
new_identity() { rm -f "$1" && (umask 077 && age-keygen -o "$1" 2>/dev/null); }

recipient_of() { sed -n 's/^# public key: //p' "$1"; }

token_sha256() { head -n 1 "$SECRETS/$1" | tr -d '\n' | sha256sum | cut -d ' ' -f 1; }
