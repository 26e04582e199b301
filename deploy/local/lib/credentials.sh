# Passwords, tokens and keys of the stack itself, made once. All files are readable for their owner only.

create_credentials() {
  mkdir -p "$SECRETS" "$DATA/custodian"
  chmod 700 "$SECRETS" "$DATA/custodian"
  local name
  for name in catalog catalog-superuser platform-superuser platform-backup platform-app rabbitmq token second-token \
    repository-database repository-evidence repository-config repository-secrets repository-keys; do
    [ -s "$SECRETS/$name" ] || (umask 077 && openssl rand -hex 24 >"$SECRETS/$name")
  done
  [ -s "$SECRETS/point-signing.pem" ] ||
    (umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$SECRETS/point-signing.pem" 2>/dev/null)
  [ -s "$SECRETS/platform.pgpass" ] || (umask 077 && printf '*:*:*:postgres:%s\n' "$(head -n 1 "$SECRETS/platform-superuser")" >"$SECRETS/platform.pgpass")
  # The demonstration custodian. In earnest this identity lives offline, and only its public half (the recipient) is here.
  [ -s "$DATA/custodian/identity.txt" ] || (umask 077 && age-keygen -o "$DATA/custodian/identity.txt" 2>/dev/null)
  [ -s "$SECRETS/wal-identity" ] || (umask 077 && age-keygen -o "$SECRETS/wal-identity" 2>/dev/null)
  WAL_RECIPIENT=$(sed -n 's/^# public key: //p' "$SECRETS/wal-identity")
  RECIPIENT=$(sed -n 's/^# public key: //p' "$DATA/custodian/identity.txt")
}

token_sha256() { head -n 1 "$SECRETS/$1" | tr -d '\n' | sha256sum | cut -d ' ' -f 1; }
