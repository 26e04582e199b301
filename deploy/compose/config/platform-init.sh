#!/bin/bash
# Run once by the image, in a new cluster: lets the backup role, which is made with the sample, stream WAL.
set -euo pipefail
printf 'host replication stella_backup all scram-sha-256\n' >>"$PGDATA/pg_hba.conf"
