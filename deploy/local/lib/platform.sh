# The sample platform: what a small Stella Ops deployment looks like to its backup system.

SAMPLE=$LOCAL/sample

start_platform() {
  create_cluster "$DATA/platform/postgres" "$PLATFORM_PORT" "$SECRETS/platform-superuser"
  start_cluster postgres "$DATA/platform/postgres" "$PLATFORM_PORT"
  fill_platform
  local name
  for name in api release-orchestrator; do
    start_platform_service "$name"
  done
}

# The mark is written last: what was broken off before is done again.
fill_platform() {
  [ ! -f "$DATA/platform/filled" ] || return 0
  step "filling the sample platform"
  create_evidence
  create_configuration_tree
  create_platform_secrets
  create_platform_keys
  fill_database
  create_anchors
  install_migrations
  allow_integrity_checks
  touch "$DATA/platform/filled"
}

# empty_directory DIR: it may be a mount, which cannot be removed.
empty_directory() {
  mkdir -p "$1"
  find "$1" -mindepth 1 -delete
}

start_platform_service() {
  is_running "$1" || start_process "$1" "$SAMPLE/idle-service" "$1" "$PLATFORM_PORT" "$SECRETS/platform-app" "$DATA"
}

# The service leads a process group, as it was started in a session of its own.
stop_platform_service() {
  local pid
  if pid=$(pid_of "$1"); then
    kill -s TERM -- "-$pid" 2>/dev/null || true
    wait_until 10 process_is_gone "$1" || kill -s KILL -- "-$pid" 2>/dev/null || true
  fi
  forget_pid "$1"
}

stop_platform() {
  stop_platform_service release-orchestrator
  stop_platform_service api
  stop_cluster postgres
}

fill_database() {
  local file database
  mkdir -p "$DATA/platform/tablespace"
  chmod 700 "$DATA/platform/tablespace"
  give postgres "$DATA/platform/tablespace"
  platform_sql -d postgres -c 'DROP DATABASE IF EXISTS stellaops' -c 'DROP DATABASE IF EXISTS stellaops_notify' \
    -c 'DROP TABLESPACE IF EXISTS scanner_archive' -c 'DROP ROLE IF EXISTS stellaops_app, stellaops_readonly, stellaops, stella_backup' \
    >>"$LOGS/sample.log" 2>&1
  for file in "$SAMPLE"/sql/*.sql; do
    database=stellaops
    [[ $file != *01-roles.sql ]] || database=postgres
    platform_sql -d "$database" -v tablespace="$DATA/platform/tablespace" -f "$file" \
      <"$DATA/platform/evidence.tsv" >>"$LOGS/sample.log" 2>&1 ||
      { tail -n 5 "$LOGS/sample.log" >&2; fail "the sample data could not be loaded" "see $LOGS/sample.log"; }
  done
  # psql reads the passwords itself: all accounts of the machine see the arguments of a command.
  platform_sql -d postgres -v app="$SECRETS/platform-app" -v backup="$SECRETS/platform-backup" -v role="$REPO/deploy/postgresql/backup-role.sql" -f - <<'SQL'
\set app_password `head -n 1 :'app'`
ALTER ROLE stellaops_app PASSWORD :'app_password';
\set role_password `head -n 1 :'backup'`
\i :role
SQL
}

allow_integrity_checks() {
  local database
  for database in $(platform_sql -d postgres -qtAc 'SELECT datname FROM pg_database WHERE datallowconn'); do
    platform_sql -d "$database" -f "$REPO/deploy/postgresql/integrity.sql"
  done
}

# What the "installed platform" brings along is what the database has seen: sample/migrations lists and applies it.
install_migrations() {
  local schema
  for schema in $(platform_sql -d stellaops -qtAc "SELECT schemaname FROM pg_tables WHERE tablename = 'schema_migrations' ORDER BY 1"); do
    platform_sql -d stellaops -qc "COPY (SELECT 'stellaops', '$schema', migration_name, checksum FROM $schema.schema_migrations ORDER BY applied_at) TO STDOUT"
  done >"$DATA/platform/migrations.tsv"
}

platform_sql() { sql "$PLATFORM_PORT" "$SECRETS/platform-superuser" "$@"; }

# The files, and evidence.tsv with a line for each: SHA-256, size, path.
create_evidence() {
  local root=$DATA/platform/evidence
  empty_directory "$root"
  mkdir -p "$root"/{attestations,sboms,vex,verdicts,provenance}
  awk -v root="$root" -v count=3000 -f "$SAMPLE/evidence.awk"
  (cd "$root" && find . -type f -printf '%s\t%P\n' | LC_ALL=C sort -t $'\t' -k 2 >"$DATA/platform/sizes.tsv" &&
    cut -f 2 "$DATA/platform/sizes.tsv" | tr '\n' '\0' | xargs -0 sha256sum | awk '{print $1}' | paste - "$DATA/platform/sizes.tsv" >"$DATA/platform/evidence.tsv")
  rm "$DATA/platform/sizes.tsv"
  awk -F '\t' 'BEGIN { printf "{\"version\":1,\"artifacts\":[" }
    { printf "%s\n  {\"path\":\"%s\",\"type\":\"%s\",\"sha256\":\"%s\",\"sizeBytes\":%s}", (NR > 1 ? "," : ""), $3, substr($3, 1, index($3, "/") - 1), $1, $2 }
    END { print "\n]}" }' "$DATA/platform/evidence.tsv" >"$root/index.json"
  # Sealed artifacts are read-only; dates lie in the past, with fractions of a second.
  chmod 444 "$root"/attestations/* "$root"/provenance/*
  chmod 640 "$root"/verdicts/*
  find "$root"/sboms "$root"/vex -type f -print0 | xargs -0 touch -d '2026-01-12 08:30:00.123456789Z'
}

# Four anchors, each over the 750 artifacts that came after those of the one before (docs/evidence-locker.md).
create_anchors() {
  local root=$DATA/platform/evidence n list previous=null
  empty_directory "$root/anchors"
  awk -F '\t' -v dir="$root/anchors" '{ match($3, /-[0-9]+/); n = int(substr($3, RSTART + 1, RLENGTH - 1) / 750) + 1
    printf "%s  %s\n", $1, $3 > sprintf("%s/%06d.sha256", dir, n) }' "$DATA/platform/evidence.tsv"
  for n in 1 2 3 4; do
    list=$root/anchors/$(printf %06d "$n")
    create_anchor "$n" "$previous" "$list.sha256" >"$list.json"
    previous='"'$(sha256sum "$list.json" | cut -d ' ' -f 1)'"'
  done
  chmod 444 "$root"/anchors/*
}

# create_anchor NUMBER PREVIOUS LIST: prints a DSSE envelope, signed with the key of its time.
create_anchor() {
  local type=application/vnd.stella-evidence-anchor+json key=signing-2025 payload keyid signature
  [ "$1" -le 2 ] || key=signing-2026
  payload=$(printf '{"schemaVersion":1,"sequence":%s,"previous":%s,"windowStart":"2026-01-0%sT00:00:00Z","windowEnd":"2026-01-0%sT00:00:00Z","leafCount":%s,"rootHash":"%s"}' \
    "$1" "$2" "$1" "$(($1 + 1))" "$(wc -l <"$3")" "$(platform_sql -d postgres -qtA -f "$SAMPLE/merkle.sql" <"$3")")
  keyid=$(openssl pkey -pubin -in "$DATA/platform/keys/public/$key.pub.pem" -outform DER | sha256sum | cut -d ' ' -f 1)
  signature=$(printf 'DSSEv1 %s %s %s %s' "${#type}" "$type" "${#payload}" "$payload" | openssl dgst -sha256 -sign "$DATA/platform/keys/$key.pem" | base64 -w 0)
  printf '{"payloadType":"%s","payload":"%s","signatures":[{"keyid":"%s","sig":"%s"}]}\n' "$type" "$(printf %s "$payload" | base64 -w 0)" "$keyid" "$signature"
}

create_configuration_tree() {
  local etc=$DATA/platform/etc
  empty_directory "$etc"
  mkdir -p "$etc/authority.plugins" "$etc/policy/packs" "$etc/notify"
  cat >"$etc/authority.yaml" <<'YAML'
issuer: https://authority.stella-ops.local
storage:
  connectionStringName: StellaOps
  commandTimeout: 00:00:30
plugins: [standard, ldap]
YAML
  printf 'type: standard\nenabled: true\ntokenSigning:\n  keyDirectory: ../keys\npasswordPolicy:\n  minimumLength: 14\n' >"$etc/authority.plugins/standard.yaml"
  printf 'type: ldap\nenabled: false\nserver: ldaps://directory.example.test:636\n' >"$etc/authority.plugins/ldap.yaml"
  printf 'profile: sovereign-default\nalgorithm: ES256\nkey: file:///var/lib/stellaops/keys/signing-2026.pem\n' >"$etc/signer.yaml"
  printf 'concurrency: 4\nfeeds:\n  - nvd\n  - osv\n  - debian\nquietHours: "22:00-05:00"\n' >"$etc/scanner.yaml"
  printf 'evidence:\n  path: /var/stella/evidence\n  retentionDays: 2555\napprovals:\n  required: 2\n' >"$etc/release-orchestrator.yaml"
  printf 'channels:\n  - name: ops\n    type: mail\n    to: ops@example.test\n' >"$etc/notify/channels.yaml"
  local n
  for n in $(seq 1 20); do
    printf 'pack: pack-%s\nrules:\n  - id: R%s\n    severity: high\n    action: block\n' "$n" "$n" >"$etc/policy/packs/pack-$n.yaml"
  done
  : >"$etc/policy/packs/.keep"
  ln -s scanner.yaml "$etc/scanner-default.yaml"
  chmod 640 "$etc/authority.plugins"/*.yaml
}

create_platform_secrets() {
  local dir=$DATA/platform/secrets
  empty_directory "$dir"
  mkdir -p "$dir/tls"
  (
    umask 077
    {
      printf 'STELLAOPS_DB_PASSWORD=%s\n' "$(head -n 1 "$SECRETS/platform-app")"
      printf 'STELLA_SECRET_KEY=%s\n' "$(openssl rand -base64 32)"
      printf 'STELLA_VAULT_TOKEN=hvs.%s\n' "$(openssl rand -hex 24)"
    } >"$dir/stellaops.env"
    openssl rand -hex 24 >"$dir/registry-token"
    openssl rand -hex 24 >"$dir/smtp-password"
    openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/tls/server.key" 2>/dev/null
  )
  openssl req -x509 -new -key "$dir/tls/server.key" -subj /CN=stella-ops.local -days 365 -out "$dir/tls/server.crt" 2>/dev/null
  chmod 700 "$dir"
}

create_platform_keys() {
  local dir=$DATA/platform/keys year
  empty_directory "$dir"
  mkdir -p "$dir/public" "$dir/history" "$dir/revoked"
  (
    umask 077
    for year in 2024 2025 2026; do
      openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$dir/signing-$year.pem" 2>/dev/null
    done
  )
  for year in 2024 2025 2026; do
    openssl pkey -in "$dir/signing-$year.pem" -pubout -out "$dir/public/signing-$year.pub.pem" 2>/dev/null
  done
  mv "$dir/signing-2024.pem" "$dir/revoked/"
  cat >"$dir/history/keys.json" <<'JSON'
{
  "keys": [
    { "keyId": "signing-2024", "status": "revoked", "activeFrom": "2024-01-01T00:00:00Z", "activeTo": "2025-01-05T00:00:00Z" },
    { "keyId": "signing-2025", "status": "retired", "activeFrom": "2025-01-01T00:00:00Z", "activeTo": "2026-01-05T00:00:00Z" },
    { "keyId": "signing-2026", "status": "active", "activeFrom": "2026-01-01T00:00:00Z", "activeTo": null },
    { "keyId": "fips-1", "status": "active", "provider": "hsm://pkcs11/slot/0", "exportable": false }
  ]
}
JSON
  printf '{ "revokedKeys": [ { "keyId": "signing-2024", "at": "2025-02-11T09:00:00Z", "reason": "superseded" } ] }\n' >"$dir/revoked/revoked-keys.json"
  chmod 700 "$dir"
}
