# Processes of a stack: started in the background, one pid file each, stopped only when they are ours.

# start_process NAME COMMAND...: in a session of its own, output appended to its log, without the locks of `up` (8 and 9).
start_process() {
  local name=$1
  shift
  STELLA_LOCAL_DATA=$DATA setsid "$@" </dev/null >>"$LOGS/$name.log" 2>&1 8>&- 9>&- &
  record_pid "$name" $!
}

# record_pid NAME PID: the pid file is named as the service; NAME.pid is a second name of it.
record_pid() {
  printf '%s\n' "$2" >"$PIDS/.$1.new"
  mv -f "$PIDS/.$1.new" "$PIDS/$1"
  ln -sfn "$1" "$PIDS/$1.pid"
}

forget_pid() { rm -f "$PIDS/$1" "$PIDS/$1.pid"; }

# pid_of NAME: prints the pid when the process runs and is one of this stack, not a later one with its number.
pid_of() {
  local pid
  [ -f "$PIDS/$1" ] && pid=$(<"$PIDS/$1") && [[ $pid =~ ^[0-9]+$ ]] && [ -d "/proc/$pid" ] || return 1
  [ "$(process_state "$pid")" != Z ] || return 1
  { cat "/proc/$pid/cmdline" "/proc/$pid/environ"; } 2>/dev/null | tr '\0' '\n' | grep -qF -- "$DATA" || return 1
  printf '%s\n' "$pid"
}

# process_state PID: R, S ... or Z for a dead process that its parent has not noticed.
process_state() { sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null; }

is_running() { pid_of "$1" >/dev/null; }

# stop_process NAME [SIGNAL] [SECONDS]: asks it to stop, waits, and kills it when it does not.
stop_process() {
  local name=$1 signal=${2:-TERM} limit=${3:-30} pid
  if pid=$(pid_of "$name"); then
    kill -s "$signal" "$pid" 2>/dev/null || true
    wait_until "$limit" process_is_gone "$name" || { kill -s KILL "$pid" 2>/dev/null || true; wait_until 10 process_is_gone "$name"; }
  fi
  forget_pid "$name"
}

process_is_gone() { ! is_running "$1"; }

# A program that is just being started (execve) shows neither its arguments nor its environment: one look is not enough.
process_has_ended() { ! is_running "$1" && sleep 1 && ! is_running "$1"; }

# wait_until SECONDS COMMAND...: asks ten times a second.
wait_until() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.1
  done
}

port_is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

port_is_free() { ! port_is_taken "$1"; }

# need_free_port NAME PORT: a process of this stack that was killed a moment ago may not have let go of it yet. Before there is a stack, it is somebody else's.
need_free_port() {
  local patience=0
  [ ! -e "$DATA/stack" ] || patience=30
  wait_until "$patience" port_is_free "$2" || die "port $2, wanted for $1, is in use" "deploy/local/up --ports BASE, with BASE the first of 16 free ports"
}
