# The services of the backup system, each its own process.

# port_of NAME: the port of a service; a second process of a worker (evidence-backup-2) takes a free one.
port_of() {
  case $1 in
    gateway) printf '%s' "$GATEWAY_PORT" ;;
    coordinator) printf '%s' "$COORDINATOR_PORT" ;;
    database-backup) printf '%s' "$DATABASE_BACKUP_PORT" ;;
    evidence-backup) printf '%s' "$EVIDENCE_BACKUP_PORT" ;;
    config-backup) printf '%s' "$CONFIG_BACKUP_PORT" ;;
    secrets-backup) printf '%s' "$SECRETS_BACKUP_PORT" ;;
    *) printf '0' ;;
  esac
}

# program_of NAME: evidence-backup-2 is a second process of evidence-backup.
program_of() { printf '%s' "${1%-[0-9]*}"; }

launch_service() {
  local name=$1 program port assembly
  program=$(program_of "$name")
  port=$(port_of "$name")
  is_running "$name" && return 0
  [ "$port" = 0 ] || need_free_port "$name" "$port"
  assembly=$(cd "$DATA/app/$program" && printf '%s' StellaOps.Backup.*.runtimeconfig.json)
  (
    cd "$DATA"
    export STELLA_CONFIG=$DATA/config.json${OVERLAY:+:$OVERLAY}
    export STELLAOPS_BACKUP__Listen__Url=http://127.0.0.1:$port
    start_process "$name" dotnet "$DATA/app/$program/${assembly%.runtimeconfig.json}.dll"
  )
}

start_services() {
  local name
  mkdir -p "$DATA/backups" "$DATA/scratch"
  # Settings are read at the start: what runs with other ones is started anew.
  local sum
  sum=$(configuration_sum)
  if [ ! -f "$DATA/app/configuration-sum" ] || [ "$(<"$DATA/app/configuration-sum")" != "$sum" ]; then
    stop_services
    printf '%s\n' "$sum" >"$DATA/app/configuration-sum"
  fi
  for name in $(wanted_services); do
    launch_service "$name"
  done
  for name in $(wanted_services); do
    wait_for_service "$name"
  done
  # A backup takes the components whose workers the coordinator has heard of, by the broker.
  wait_until 300 workers_are_known || fail "the coordinator does not hear of all workers" "see $LOGS and: $LOCAL/stella service health"
}

# wanted_services: where the user's file says what is backed up, only the workers of that.
wanted_services() {
  local name
  for name in "${SERVICES[@]}"; do
    has_own_data || { printf '%s\n' "$name" && continue; }
    case $name in
      database-backup) configures Database || continue ;;
      evidence-backup) configures Evidence || continue ;;
      config-backup) configures Config || continue ;;
      secrets-backup) configures '(Secrets|Keys)' || continue ;;
    esac
    printf '%s\n' "$name"
  done
}

# The answer waits for the status commands of the platform's services, which take long on a machine that has much else to do.
workers_are_known() {
  local health name
  health=$(curl -s --max-time 60 -H @<(printf 'Authorization: Bearer %s\n' "$(head -n 1 "$SECRETS/token")") "http://127.0.0.1:$GATEWAY_PORT/api/v1/health") || return 1
  grep -q '"name":"broker"[^}]*"status":"healthy"' <<<"$health" || return 1
  for name in $(wanted_services | grep -- -backup); do
    grep -q "\"name\":\"$name\"[^}]*\"instances\":[1-9]" <<<"$health" || return 1
  done
}

configuration_sum() { cat "$DATA/config.json" ${OVERLAY:+"$OVERLAY"} | sha256sum; }

wait_for_service() {
  local port
  port=$(port_of "$1")
  [ "$port" != 0 ] || return 0
  wait_until 300 service_is_ready_or_gone "$1" "$port" || true
  service_is_ready "$port" || {
    tail -n 15 "$LOGS/$1.log" >&2
    is_running "$1" || fail "$1 ended at its start" "see $LOGS/$1.log"
    fail "$1 is not ready: http://127.0.0.1:$port/health/ready" "see $LOGS/$1.log"
  }
}

service_is_ready() { curl -sf -o /dev/null --max-time 10 "http://127.0.0.1:$1/health/ready"; }

service_is_ready_or_gone() { service_is_ready "$2" || process_has_ended "$1"; }

stop_services() {
  local name file
  for file in "$PIDS"/*; do
    name=$(basename "$file")
    [ -f "$file" ] && [ ! -L "$file" ] && [[ $name =~ -backup-[0-9]+$ ]] && stop_process "$name"
  done
  for name in gateway database-backup evidence-backup config-backup secrets-backup coordinator; do
    stop_process "$name"
  done
}
