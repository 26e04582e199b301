# Builds the services once for all stacks of this clone, and gives each stack its own copy to run.

PROJECTS=(coordinator:Coordinator database-backup:DatabaseBackup evidence-backup:EvidenceBackup config-backup:ConfigBackup
  secrets-backup:SecretsBackup gateway:Gateway stella:Cli)
BUILT=$REPO/artifacts/local-build

build() {
  mkdir -p "$REPO/artifacts"
  exec 9>"$REPO/artifacts/local-build.lock"
  flock 9
  if [ ! -f "$BUILT" ] || [ -n "$(changed_sources)" ]; then
    step "building (the first time takes a minute or two)"
    local log=$LOGS/build.log started=$REPO/artifacts/local-build.started
    touch "$started"
    # The compiler's servers stay: they must not keep the locks of `up` (8 and 9).
    dotnet build "$LOCAL/local.slnf" -c Release -v quiet -nologo >"$log" 2>&1 </dev/null 8>&- 9>&- ||
      { grep -E 'error' "$log" | sort -u | head -n 20 >&2; fail "the build failed" "see $log"; }
    mv "$started" "$BUILT"
  fi
  if [ ! -f "$DATA/app/built" ] || [ "$BUILT" -nt "$DATA/app/built" ]; then
    install_programs
  fi
  exec 9>&-
}

changed_sources() {
  find "$REPO/libraries" "$REPO/services" "$REPO/gateway" "$REPO/cli" "$REPO"/Directory.* "$REPO/global.json" \
    \( -name '*.cs' -o -name '*.csproj' -o -name '*.json' -o -name '*.props' -o -name '*.targets' \) -newer "$BUILT" -print -quit
}

# A running process keeps its files; so those of an older build are stopped before they are replaced.
install_programs() {
  local project
  for project in "${SERVICES[@]}"; do
    stop_process "$project"
  done
  rm -rf "$DATA/app" "$DATA/app.new"
  mkdir -p "$DATA/app.new"
  for project in "${PROJECTS[@]}"; do
    cp -a "$REPO/artifacts/bin/StellaOps.Backup.${project#*:}/release" "$DATA/app.new/${project%%:*}"
  done
  touch -r "$BUILT" "$DATA/app.new/built"
  mv "$DATA/app.new" "$DATA/app"
}
