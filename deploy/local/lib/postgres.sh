# Private PostgreSQL clusters: <data>/catalog for the coordinator, <data>/platform/postgres as the platform to protect.

# create_cluster DIR PORT PASSWORD_FILE: page checksums on, passwords for everybody, TCP on the loopback address only.
create_cluster() {
  local dir=$1 port=$2 password=$3
  [ ! -f "$dir/PG_VERSION" ] || return 0
  rm -rf "$dir" "$dir.new"
  mkdir -p "$dir.new"
  local copy
  copy=$(mktemp)
  head -n 1 "$password" >"$copy"
  give postgres "$dir.new" "$copy"
  as postgres "$PGBIN/initdb" --pgdata "$dir.new" --username postgres --pwfile "$copy" --auth scram-sha-256 \
    --encoding UTF8 --locale C.UTF-8 --data-checksums >>"$LOGS/initdb.log" 2>&1 || { rm -f "$copy"; fail "initdb failed" "see $LOGS/initdb.log"; }
  rm -f "$copy"
  cat >>"$dir.new/postgresql.conf" <<CONF

# deploy/local
listen_addresses = '127.0.0.1'
port = $port
unix_socket_directories = ''
wal_level = replica
max_wal_senders = 10
shared_buffers = 128MB
max_wal_size = 512MB
log_line_prefix = '%m [%p] %u@%d '
CONF
  # initdb writes PG_VERSION first and has synced its files. The cluster gets its name when all of it is durable: what is broken off before has
  # the other name, and is removed.
  sync "$dir.new/postgresql.conf" "$dir.new"
  mv -T "$dir.new" "$dir"
  sync "$(dirname "$dir")"
}

# start_cluster NAME DIR PORT
start_cluster() {
  local name=$1 dir=$2 port=$3
  is_running "$name" || {
    need_free_port "$name" "$port"
    remove_stale_lock "$dir/postmaster.pid"
    account_prefix postgres
    (cd "$dir" && start_process "$name" "${AS[@]}" "$PGBIN/postgres" -D "$dir")
  }
  wait_until 300 cluster_has_decided "$name" "$port" || fail "PostgreSQL ($name) does not answer on port $port" "see $LOGS/$name.log"
  cluster_answers "$name" "$port" || fail "PostgreSQL ($name) ended when it was started: $(tail -n 3 "$LOGS/$name.log" | tr -s '\n' ' ')" "see $LOGS/$name.log"
}

# cluster_has_decided NAME PORT: it answers, or there is no process any more that could.
cluster_has_decided() { cluster_answers "$1" "$2" || process_has_ended "$1"; }

# After a kill, PostgreSQL takes a dead process that nobody has waited for yet for a running server.
remove_stale_lock() {
  local pid
  [ -f "$1" ] && pid=$(head -n 1 "$1") && [ "$(process_state "$pid")" = Z ] || return 0
  rm -f "$1"
}

cluster_answers() { is_running "$1" || return 1; "$PGBIN/pg_isready" -q -h 127.0.0.1 -p "$2"; }

# stop_cluster NAME: fast shutdown, with a checkpoint.
stop_cluster() { stop_process "$1" INT 60; }

# sql PORT PASSWORD_FILE ARGUMENTS...: psql as the superuser.
sql() {
  local port=$1 password=$2
  shift 2
  PGPASSWORD=$(head -n 1 "$password") psql -X -q -v ON_ERROR_STOP=1 -h 127.0.0.1 -p "$port" -U postgres "$@"
}

start_catalog() {
  create_cluster "$DATA/catalog" "$CATALOG_PORT" "$SECRETS/catalog-superuser"
  start_cluster catalog "$DATA/catalog" "$CATALOG_PORT"
  if [ -z "$(sql "$CATALOG_PORT" "$SECRETS/catalog-superuser" -d postgres -Atc "SELECT 1 FROM pg_roles WHERE rolname = 'coordinator'")" ]; then
    # psql reads the password itself: all accounts of the machine see the arguments of a command.
    sql "$CATALOG_PORT" "$SECRETS/catalog-superuser" -d postgres -v file="$SECRETS/catalog" -f - <<'SQL'
\set password `head -n 1 :'file'`
CREATE ROLE coordinator LOGIN PASSWORD :'password';
SQL
  fi
  if [ -z "$(sql "$CATALOG_PORT" "$SECRETS/catalog-superuser" -d postgres -Atc "SELECT 1 FROM pg_database WHERE datname = 'catalog'")" ]; then
    sql "$CATALOG_PORT" "$SECRETS/catalog-superuser" -d postgres -c "CREATE DATABASE catalog OWNER coordinator"
  fi
}
