# Options, paths and messages that all commands of deploy/local share.
# Sets REPO, DATA and the ports.

REPO=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
LOCAL="$REPO/deploy/local"
DATA=${STELLA_LOCAL_DATA:-$REPO/.local}
DEFAULT_PORTS=18400

# Names of the processes of the backup system and of their port offsets.
SERVICES=(coordinator database-backup evidence-backup config-backup secrets-backup gateway)
PLATFORM=(postgres api release-orchestrator)

say() { printf '%s\n' "$*"; }

step() { printf '[%3ds] %s\n' "$SECONDS" "$*"; }

# die MESSAGE [NEXT STEP]: for bad input and for what the user has to do first.
die() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'next: %s\n' "$2" >&2
  exit 2
}

# fail MESSAGE [NEXT STEP]: for what went wrong on the way.
fail() {
  printf 'error: %s\n' "$1" >&2
  [ $# -lt 2 ] || printf 'next: %s\n' "$2" >&2
  exit 1
}

# value_of FLAG WORDS: the word after a flag, or an error that names it.
value_of() {
  [ $# -ge 2 ] && [ -n "$2" ] || die "$1 wants a value" "see --help"
  printf '%s' "$2"
}

# help_text FILE: the comment at its head, which is its manual.
help_text() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"; }

is_root() { [ "$(id -u)" -eq 0 ]; }

# use_data DIR: makes it absolute and loads what `up` stored there.
use_data() {
  DATA=$(realpath -m -- "$1")
  LOGS=$DATA/log PIDS=$DATA/pids SECRETS=$DATA/credentials
  PORTS=
  OVERLAY=
  # shellcheck source=/dev/null
  [ ! -f "$DATA/stack" ] || . "$DATA/stack"
}

# need_own_stack COMMAND: stops where another account made the stack: its files and processes are out of reach, and the command is one for it.
need_own_stack() {
  if [ -e "$DATA/stack" ] && [ ! -w "$DATA/stack" ]; then
    local owner
    owner=$(stat -c %U "$DATA/stack")
    die "the stack in $DATA belongs to the account $owner" "sudo -u $owner $1"
  fi
}

# configures SECTION: whether the user's file has this section.
configures() { [ -n "$OVERLAY" ] && grep -qE "\"$1\"[[:space:]]*:[[:space:]]*(\{|\$)" "$OVERLAY"; }

# has_own_data: whether the user's file says what is backed up, in place of the sample platform.
has_own_data() { configures '(Database|Evidence|Config|Secrets|Keys)'; }

# use_ports BASE: one block of 16 ports per stack.
use_ports() {
  PORTS=$1
  GATEWAY_PORT=$PORTS
  COORDINATOR_PORT=$((PORTS + 1))
  DATABASE_BACKUP_PORT=$((PORTS + 2))
  EVIDENCE_BACKUP_PORT=$((PORTS + 3))
  CONFIG_BACKUP_PORT=$((PORTS + 4))
  SECRETS_BACKUP_PORT=$((PORTS + 5))
  RABBITMQ_METRICS_PORT=$((PORTS + 9))
  PLATFORM_PORT=$((PORTS + 10))
  CATALOG_PORT=$((PORTS + 11))
  RABBITMQ_PORT=$((PORTS + 12))
  RABBITMQ_MANAGEMENT_PORT=$((PORTS + 13))
  RABBITMQ_DISTRIBUTION_PORT=$((PORTS + 14))
  EPMD_PORT=$((PORTS + 15))
}

# need_stack: stops unless `up` has made this data directory.
need_stack() {
  [ -f "$DATA/stack" ] || die "there is no stack in $DATA" "deploy/local/up --data $DATA"
  use_ports "$PORTS"
}
