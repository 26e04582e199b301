#!/bin/bash
# Run once by the image, in a new cluster: the role that owns the catalog, and nothing else.
set -euo pipefail
psql -v ON_ERROR_STOP=1 -U postgres -d postgres <<'SQL'
\set password `head -n 1 /run/secrets/catalog`
CREATE ROLE coordinator LOGIN PASSWORD :'password';
CREATE DATABASE catalog OWNER coordinator;
SQL
