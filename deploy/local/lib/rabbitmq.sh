# A private RabbitMQ node with a name, a data directory, ports and a name server (epmd) of its own.

# Each file is made once: what an operator changes in it stays. The account that owns the directory writes them all, since through a link that
# it could put there, root would write anywhere.
prepare_rabbitmq() {
  local dir=$DATA/rabbitmq password
  password=$(head -n 1 "$SECRETS/rabbitmq")
  mkdir -p "$dir"
  give rabbitmq "$dir"
  as rabbitmq mkdir -p "$dir/mnesia" "$dir/log" "$dir/home"
  as rabbitmq test -s "$dir/home/.erlang.cookie" || openssl rand -hex 16 | write_as_rabbitmq "$dir/home/.erlang.cookie"
  as rabbitmq test -s "$dir/enabled_plugins" || printf '[rabbitmq_management, rabbitmq_prometheus].\n' | write_as_rabbitmq "$dir/enabled_plugins"
  if as rabbitmq test -s "$dir/rabbitmq.conf"; then
    as rabbitmq grep -q 'prometheus\.' "$dir/rabbitmq.conf" || add_metrics "$dir"
  else
    write_as_rabbitmq "$dir/rabbitmq.conf" <<CONF
listeners.tcp.1 = 127.0.0.1:$RABBITMQ_PORT
management.tcp.ip = 127.0.0.1
management.tcp.port = $RABBITMQ_MANAGEMENT_PORT
$(metrics_settings)
default_user = stella
default_pass = $password
vm_memory_high_watermark.absolute = 512MiB
disk_free_limit.absolute = 200MB
CONF
  fi
}

# write_as_rabbitmq FILE: standard input, for this account only. The file gets its name when all of it is durable: half of it would stay.
write_as_rabbitmq() {
  as rabbitmq sh -euc 'umask 077; cat >"$1.new"; sync "$1.new"; mv -T "$1.new" "$1"' sh "$1"
}

metrics_settings() { printf 'prometheus.tcp.ip = 127.0.0.1\nprometheus.tcp.port = %s\n' "$RABBITMQ_METRICS_PORT"; }

# add_metrics DIR: for a stack that was made before its broker was scraped. The settings come last: a file that mentions them, be it in a
# comment, is left alone, and so are the plugins then.
add_metrics() {
  as rabbitmq sed -i '/rabbitmq_prometheus/!s/\brabbitmq_management\b/rabbitmq_management, rabbitmq_prometheus/' "$1/enabled_plugins"
  # The last line may have no end.
  printf '\n%s\n' "$(metrics_settings)" | as rabbitmq tee -a "$1/rabbitmq.conf" >/dev/null
}

rabbitmq_environment() {
  local dir=$DATA/rabbitmq
  export HOME=$dir/home RABBITMQ_NODENAME=stella$RABBITMQ_PORT@localhost
  export RABBITMQ_MNESIA_BASE=$dir/mnesia RABBITMQ_LOG_BASE=$dir/log RABBITMQ_CONFIG_FILE=$dir/rabbitmq.conf
  export RABBITMQ_ENABLED_PLUGINS_FILE=$dir/enabled_plugins RABBITMQ_PID_FILE=$dir/node.pid RABBITMQ_CONF_ENV_FILE=/dev/null
  export RABBITMQ_DIST_PORT=$RABBITMQ_DISTRIBUTION_PORT RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none -kernel inet_dist_use_interface {127,0,0,1}"
  export ERL_EPMD_PORT=$EPMD_PORT ERL_EPMD_ADDRESS=127.0.0.1
}

start_rabbitmq() {
  if ! is_running rabbitmq; then
    prepare_rabbitmq
    need_free_port rabbitmq "$RABBITMQ_PORT"
    account_prefix rabbitmq
    is_running epmd || (rabbitmq_environment && start_process epmd "${AS[@]}" epmd -address 127.0.0.1 -port "$EPMD_PORT")
    rm -f "$DATA/rabbitmq/node.pid"
    (rabbitmq_environment && cd "$DATA/rabbitmq" && start_process rabbitmq "${AS[@]}" /usr/lib/rabbitmq/bin/rabbitmq-server)
  fi
  wait_until 300 rabbitmq_answers || fail "RabbitMQ does not answer on port $RABBITMQ_PORT" "see $LOGS/rabbitmq.log and $DATA/rabbitmq/log"
  # The start script replaces itself by the node or keeps it as a child, depending on its version.
  record_pid rabbitmq "$(<"$DATA/rabbitmq/node.pid")"
}

rabbitmq_answers() {
  curl -sf -o /dev/null --config <(printf 'user = "stella:%s"\n' "$(head -n 1 "$SECRETS/rabbitmq")") \
    "http://127.0.0.1:$RABBITMQ_MANAGEMENT_PORT/api/health/checks/port-listener/$RABBITMQ_PORT"
}

stop_rabbitmq() {
  stop_process rabbitmq TERM 60
  stop_process epmd
}
