# The one configuration file of the stack, and the file of variables to source.

write_configuration() {
  (umask 077 && {
    printf '{\n'
    core_sections
    if has_own_data; then
      own_sections
    else
      printf ',\n'
      platform_sections
    fi
    printf '\n}\n'
  } >"$DATA/config.json")
}

# What every stack has.
core_sections() {
  cat <<JSON
  "Location": { "Url": "$DATA/backups" },
  "Broker": { "Host": "127.0.0.1", "Port": $RABBITMQ_PORT, "Username": "stella", "PasswordFile": "$SECRETS/rabbitmq" },
  "Auth": {
    "Keys": [
      { "Subject": "operator", "Sha256": "$(token_sha256 token)", "Scopes": ["backup:read", "backup:run", "backup:restore", "backup:admin"] },
      { "Subject": "second-operator", "Sha256": "$(token_sha256 second-token)", "Scopes": ["backup:read", "backup:admin"] }
    ]
  },
  "Coordinator": {
    "Catalog": "Host=127.0.0.1;Port=$CATALOG_PORT;Username=coordinator;Database=catalog",
    "CatalogPasswordFile": "$SECRETS/catalog",
    "PointSigningKeyFile": "$SECRETS/point-signing.pem"
  },
  "Gateway": { "Coordinators": ["http://127.0.0.1:$COORDINATOR_PORT"] }
JSON
}

# repository COMPONENT: the settings that a component has wherever its data comes from.
repository() {
  printf '"RepositoryPasswordFile": "%s", "ScratchDirectory": "%s"' "$SECRETS/repository-$1" "$DATA/scratch/$1"
}

# What the sample platform adds.
platform_sections() {
  cat <<JSON
  "ServiceControl": {
    "Services": [
      $(controlled postgres '"database"'),
      $(controlled api '"database", "evidence"' '"postgres"'),
      $(controlled release-orchestrator '"database", "evidence"' '"postgres"')
    ]
  },
  "Database": {
    $(repository database),
    "ConnectionString": "Host=127.0.0.1;Port=$PLATFORM_PORT;Username=stella_backup;Database=postgres",
    "PasswordFile": "$SECRETS/platform-backup",
    "DataDirectory": "$DATA/platform/postgres",
    "BinDirectory": "$PGBIN",
    $(wal true),
    "CountRowsMiB": 1024,
    "Migrations": {
      "ListCommand": "'$SAMPLE/migrations' '$DATA' $PLATFORM_PORT list",
      "Command": "'$SAMPLE/migrations' '$DATA' $PLATFORM_PORT apply"
    },
    "EvidenceReferences": { "Database": "stellaops", "Sql": "SELECT storage_path, sha256 FROM evidence_locker.evidence_artifacts" },
    "TestQueries": [
      { "Database": "stellaops", "Sql": "SELECT count(*) = 3 FROM authority.tenants" },
      { "Database": "stellaops", "Sql": "SELECT count(*) > 0 FROM evidence_locker.evidence_artifacts" }
    ]
  },
  "Evidence": { $(repository evidence), "Directory": "$DATA/platform/evidence", "AnchorKeys": ["$DATA/platform/keys/public"] },
  "Config": { $(repository config), "Paths": ["$DATA/platform/etc"] },
  "Secrets": { $(repository secrets), "Paths": ["$DATA/platform/secrets"]$(custody Secrets) },
  "Keys": { $(repository keys), "Paths": ["$DATA/platform/keys"]$(custody Keys) }
JSON
}

# wal ENABLED: WAL has a key of its own beside the passwords of the repositories: it holds what the database repository holds.
wal() {
  printf '"Wal": { "Enabled": %s, "Recipients": ["%s"], "IdentityFile": "%s", "SpoolDirectory": "%s" }' \
    "$1" "$WAL_RECIPIENT" "$SECRETS/wal-identity" "$DATA/wal-spool"
}

# custody SECTION: the demonstration custodian, unless the user's file names custodians: recipients of two files are added to each other.
custody() {
  has_own_custodians "$1" || printf ', "RecipientsFile": "%s", "IdentityFile": "%s"' "$SECRETS/custodian-recipients" "$DATA/custodian/identity.txt"
}

has_own_custodians() {
  [ -n "$OVERLAY" ] && tr -d '\n' <"$OVERLAY" | grep -qiE "\"$1\"[[:space:]]*:[[:space:]]*\{[^}]*\"Recipients(File)?\"[[:space:]]*:"
}

# controlled NAME COMPONENTS [NEEDS]: a service of the sample platform.
controlled() {
  local command="'$LOCAL/service' --data '$DATA'"
  printf '{ "Name": "%s", "Start": "%s start %s", "Stop": "%s stop %s", "Status": "%s status %s", "Components": [%s], "DependsOn": [%s] }' \
    "$1" "$command" "$1" "$command" "$1" "$command" "$1" "$2" "${3:-}"
}

# For --config FILE: repositories for the components that the file configures; everything else about them is in the file.
own_sections() {
  local component section
  for component in database evidence config secrets keys; do
    section=${component^}
    configures "$section" || continue
    case $component in
      secrets | keys) printf ',\n  "%s": { %s%s }' "$section" "$(repository "$component")" "$(custody "$section")" ;;
      database) printf ',\n  "%s": { %s, %s }' "$section" "$(repository "$component")" "$(wal false)" ;;
      *) printf ',\n  "%s": { %s }' "$section" "$(repository "$component")" ;;
    esac
  done
}

# location: where the backups are. A file of --config may name another place, which then wins.
location() {
  local own=''
  [ -z "$OVERLAY" ] || own=$(tr -d '\n' <"$OVERLAY" | sed -nE 's/.*"Location"[[:space:]]*:[[:space:]]*\{[^}]*"Url"[[:space:]]*:[[:space:]]*"([^"]*)".*/\1/Ip')
  printf '%s' "${own:-$DATA/backups}"
}

write_environment() {
  local component upper
  (umask 077 && {
    variable STELLA_SERVER "http://127.0.0.1:$GATEWAY_PORT"
    variable STELLA_TOKEN "$(head -n 1 "$SECRETS/token")"
    variable STELLA_LOCATION "$(location)"
    for component in database evidence config secrets keys; do
      upper=${component^^}
      variable "STELLA_PASSWORD_FILE_$upper" "$SECRETS/repository-$component"
    done
    variable STELLA_CUSTODIAN_IDENTITY "$DATA/custodian/identity.txt"
    if ! has_own_data; then
      # Both: pg_dumpall hands the file, and not the password, to the programs that it runs.
      variable STELLA_PLATFORM_DSN "host=127.0.0.1 port=$PLATFORM_PORT dbname=stellaops user=postgres password=$(head -n 1 "$SECRETS/platform-superuser") passfile=$SECRETS/platform.pgpass"
      variable STELLA_PLATFORM_DATA "$DATA/platform/postgres"
      variable STELLA_EVIDENCE_DIR "$DATA/platform/evidence"
      variable STELLA_CONFIG_DIR "$DATA/platform/etc"
      variable STELLA_SECRETS_DIR "$DATA/platform/secrets"
      variable STELLA_KEYS_DIR "$DATA/platform/keys"
    fi
    variable STELLA_PIDS "$PIDS"
  } >"$DATA/env")
}

# variable NAME VALUE: a value never holds a single quote; paths with one are refused by `up`.
variable() { printf "export %s='%s'\n" "$1" "$2"; }
