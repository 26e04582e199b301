# A private RabbitMQ node with a name, a data directory, ports and a name server (epmd) of its own.

# Written anew before each start, so that the node of an older stack gets what is new; a running one does not look at it.
prepare_rabbitmq() {
  local dir=$DATA/rabbitmq
  mkdir -p "$dir/mnesia" "$dir/log" "$dir/home"
  [ -s "$dir/home/.erlang.cookie" ] || {
    rm -f "$dir/home/.erlang.cookie"
    (umask 077 && openssl rand -hex 16 >"$dir/home/.erlang.cookie")
    chmod 400 "$dir/home/.erlang.cookie"
  }
  printf '[rabbitmq_management, rabbitmq_prometheus].\n' >"$dir/enabled_plugins"
  (umask 077 && cat >"$dir/rabbitmq.conf") <<CONF
listeners.tcp.1 = 127.0.0.1:$RABBITMQ_PORT
management.tcp.ip = 127.0.0.1
management.tcp.port = $RABBITMQ_MANAGEMENT_PORT
prometheus.tcp.ip = 127.0.0.1
prometheus.tcp.port = $RABBITMQ_METRICS_PORT
default_user = stella
default_pass = $(head -n 1 "$SECRETS/rabbitmq")
vm_memory_high_watermark.absolute = 512MiB
disk_free_limit.absolute = 200MB
CONF
  give rabbitmq "$dir"
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
