# Programs that the stack needs, installed where they are missing. Debian's own cluster and node are never started.

postgres_bin() {
  local bin found=
  for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
    [ ! -x "$bin/initdb" ] || [ ! -x "$bin/pg_dump" ] || found=$bin
  done
  [ -n "$found" ] && printf '%s\n' "$found"
}

missing_packages() {
  postgres_bin >/dev/null || printf 'postgresql '
  [ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || printf 'rabbitmq-server '
  command -v age-keygen >/dev/null || printf 'age '
  command -v openssl >/dev/null || printf 'openssl '
  command -v curl >/dev/null || printf 'curl '
}

need_programs() {
  command -v dotnet >/dev/null || die "the .NET SDK is not installed" "install the .NET 10 SDK: https://dotnet.microsoft.com/download"
  local missing
  missing=$(missing_packages)
  if [ -n "$missing" ]; then
    is_root || die "not installed: $missing" "sudo apt-get update && sudo apt-get install --no-install-recommends $missing"
    command -v apt-get >/dev/null || die "not installed: $missing" "install them with the package manager of this system"
    step "installing $missing"
    # shellcheck disable=SC2086
    install_packages $missing
  fi
  PGBIN=$(postgres_bin) || die "PostgreSQL was installed, but not under /usr/lib/postgresql" "install postgresql-15 or newer"
}

install_packages() {
  local log
  log=$(mktemp)
  if ! (quietly_install "$@") >"$log" 2>&1; then
    tail -n 20 "$log" >&2
    rm -f "$log"
    fail "the packages could not be installed: $*" "apt-get update && apt-get install $*"
  fi
  rm -f "$log"
}

# Runs in a subshell: its trap takes the policy away again, however it ends.
quietly_install() {
  export DEBIAN_FRONTEND=noninteractive
  if [ ! -e /usr/sbin/policy-rc.d ]; then
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
    chmod 755 /usr/sbin/policy-rc.d
  fi
  apt-get update
  case " $* " in
    *" postgresql "*)
      # Read by the installation of the server: no cluster is created.
      mkdir -p /etc/postgresql-common
      [ -e /etc/postgresql-common/createcluster.conf ] || printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.conf
      ;;
  esac
  apt-get install -y --no-install-recommends -o Dpkg::Options::=--force-confold "$@"
  if [ -d /run/systemd/system ] && [[ " $* " == *" rabbitmq-server "* ]]; then
    systemctl disable rabbitmq-server
  fi
}
