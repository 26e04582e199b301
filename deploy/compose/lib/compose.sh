# What the commands of deploy/compose share: docker compose in this directory, in version 2 or 1.29.

COMPOSE_HOME=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck source=../../local/lib/options.sh
. "$COMPOSE_HOME/../local/lib/options.sh"
cd "$COMPOSE_HOME"

# find_compose: fills COMPOSE with the words of the command.
find_compose() {
  command -v docker >/dev/null || die "docker is not installed" "https://docs.docker.com/engine/install"
  if docker compose version >/dev/null 2>&1; then
    COMPOSE=(docker compose)
  elif command -v docker-compose >/dev/null; then
    COMPOSE=(docker-compose)
    # Version 1 builds with the builder of old, unless it is told.
    export COMPOSE_DOCKER_CLI_BUILD=1 DOCKER_BUILDKIT=1
  else
    die "docker compose is not installed" "install the package docker-compose-plugin, or docker-compose"
  fi
  docker info >/dev/null 2>&1 || die "the Docker engine does not answer" "start it, and join the group docker or run this as root"
}

compose() { "${COMPOSE[@]}" "$@"; }

# need_settings: stops unless `up` has been here.
need_settings() {
  [ -f .env ] || die "there is no stack here: $COMPOSE_HOME/.env is missing" "deploy/compose/up"
}

# stella_cli ARGUMENTS...: the command line in a container of its own.
stella_cli() {
  local terminal=()
  [ -t 0 ] && [ -t 1 ] || terminal=(-T)
  compose run --rm --no-deps "${terminal[@]}" stella "$@"
}
