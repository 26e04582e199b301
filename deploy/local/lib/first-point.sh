# The first recovery point: taken, verified, and proven by a real restore.

FIRST_POINT=first

take_first_point() {
  if stella_runs backup info --name "$FIRST_POINT"; then
    step "the recovery point '$FIRST_POINT' exists"
  else
    step "taking a full backup"
    stella_cli backup create --full --name "$FIRST_POINT" || fail "the first backup failed" "$LOCAL/stella backup logs"
  fi
  [ ! -f "$DATA/first-point-proven" ] || return 0
  step "verifying it: all its data is read back"
  stella_cli backup verify --name "$FIRST_POINT" || fail "the first backup is not sound" "$LOCAL/stella backup logs"
  step "proving it: PostgreSQL is started on a restored copy"
  stella_cli backup test-restore --name "$FIRST_POINT" || fail "the test restore failed" "$LOCAL/stella backup logs"
  touch "$DATA/first-point-proven"
}

stella_cli() { (. "$DATA/env" && dotnet "$DATA/app/stella/stella.dll" "$@"); }

stella_runs() { stella_cli "$@" >/dev/null 2>&1; }
