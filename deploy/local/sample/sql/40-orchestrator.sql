-- Releases, their steps, and their attachments as large objects.
SET ROLE stellaops;
CREATE SCHEMA orchestrator;
CALL platform.create_migrations('orchestrator', ARRAY['001_initial.sql', '002_steps.sql', '003_attachments.sql']);
CREATE SEQUENCE orchestrator.release_numbers START 5000 INCREMENT 10;

CREATE TABLE orchestrator.releases (
  release_id bigint PRIMARY KEY DEFAULT nextval('orchestrator.release_numbers'),
  tenant_id uuid NOT NULL,
  name text NOT NULL,
  state text NOT NULL CHECK (state IN ('draft', 'approved', 'running', 'finished', 'failed')),
  window_of tstzrange,
  log oid,
  created_at timestamptz NOT NULL
);
INSERT INTO orchestrator.releases (tenant_id, name, state, window_of, created_at)
SELECT platform.tenant(n), 'release ' || n, (ARRAY['draft', 'approved', 'running', 'finished', 'failed'])[1 + n % 5],
  tstzrange('2026-01-01'::timestamptz + n * interval '1 hour', '2026-01-01'::timestamptz + (n + 2) * interval '1 hour'), '2025-12-20'::timestamptz + n * interval '1 hour'
FROM generate_series(1, 900) AS n;
CREATE INDEX releases_window ON orchestrator.releases USING spgist (window_of);
CALL platform.isolate('orchestrator.releases');

CREATE TABLE orchestrator.steps (
  release_id bigint NOT NULL REFERENCES orchestrator.releases,
  position integer NOT NULL,
  action text NOT NULL,
  output text,
  PRIMARY KEY (release_id, position)
);
-- Every hundredth output is long and random enough to be stored out of line.
INSERT INTO orchestrator.steps
SELECT release_id, p, 'deploy to ring ' || p,
  CASE WHEN (release_id / 10 + p) % 100 = 0 THEN (SELECT string_agg(platform.digest(release_id * 1000 + p * 100 + k), E'\n') FROM generate_series(1, 400) AS k) ELSE 'ok' END
FROM orchestrator.releases, generate_series(1, 12) AS p;

UPDATE orchestrator.releases
SET log = lo_from_bytea(0, (SELECT string_agg(sha256((release_id || '/' || k)::bytea), '') FROM generate_series(1, 3000) AS k))
WHERE release_id % 300 = 0;

-- Without rows: PostgreSQL empties an unlogged table at every recovery, so a restore cannot bring rows of it back.
CREATE UNLOGGED TABLE orchestrator.queue (item bigint PRIMARY KEY, payload jsonb);
