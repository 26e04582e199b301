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
      { hand_over_artifacts; grep -E 'error' "$log" | sort -u | head -n 20 >&2 || true; fail "the build failed" "see $log"; }
    mv "$started" "$BUILT"
  fi
  hand_over_artifacts
  if [ ! -f "$DATA/app/built" ] || [ "$BUILT" -nt "$DATA/app/built" ]; then
    install_programs
  fi
  exec 9>&-
}

# What root builds goes to the owner of the clone, who builds in it, too (tests/run).
hand_over_artifacts() {
  ! is_root || [ -O "$REPO" ] || find "$REPO/artifacts" -user 0 -exec chown -h "$(stat -c %u:%g "$REPO")" {} + || true
}

changed_sources() {
  find "$REPO/libraries" "$REPO/services" "$REPO/gateway" "$REPO/cli" "$REPO"/Directory.* "$REPO/global.json" \
    \( -name '*.cs' -o -name '*.csproj' -o -name '*.json' -o -name '*.props' -o -name '*.targets' \) -newer "$BUILT" -print -quit
}

# A running process keeps its files; so those of an older build are stopped before they are replaced. What is broken off is done again: the mark
# goes first and comes last.
install_programs() {
  local project
  stop_services
  rm -f "$DATA/app/built"
  rm -rf "$DATA/app" "$DATA/app.new"
  mkdir -p "$DATA/app.new"
  for project in "${PROJECTS[@]}"; do
    # To the account of the stack, whoever built them.
    cp -dR --preserve=mode,timestamps "$REPO/artifacts/bin/StellaOps.Backup.${project#*:}/release" "$DATA/app.new/${project%%:*}"
  done
  touch -r "$BUILT" "$DATA/app.new/built"
  mv "$DATA/app.new" "$DATA/app"
}
