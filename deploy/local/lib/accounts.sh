# Accounts: PostgreSQL and RabbitMQ refuse to run as root, so root runs them as the accounts that Debian made for them.

# as ACCOUNT COMMAND...
as() {
  local account=$1
  shift
  if is_root; then
    setpriv --reuid "$account" --regid "$account" --init-groups -- "$@"
  else
    "$@"
  fi
}

# account_prefix ACCOUNT: fills AS with the words that go before a command line.
account_prefix() {
  AS=()
  ! is_root || AS=(setpriv --reuid "$1" --regid "$1" --init-groups --)
}

# give ACCOUNT PATH...
give() {
  local account=$1
  shift
  ! is_root || chown -R "$account:$account" "$@"
}

# reachable_by ACCOUNT DIR: whether the account can enter the directory.
reachable_by() {
  local place=$2
  while [ ! -d "$place" ]; do place=$(dirname "$place"); done
  as "$1" test -x "$place"
}
