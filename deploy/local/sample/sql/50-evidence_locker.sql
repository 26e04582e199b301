-- What the evidence locker's files are: each row names a file of the locker by path and SHA-256.
SET ROLE stellaops;
CREATE SCHEMA evidence_locker;
CALL platform.create_migrations('evidence_locker', ARRAY['001_initial.sql', '002_artifacts.sql', '003_holds.sql', '004_row_level_security.sql', '005_decision_capsules.sql']);

CREATE TABLE evidence_locker.evidence_bundles (
  bundle_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  kind smallint NOT NULL CHECK (kind BETWEEN 1 AND 3),
  status smallint NOT NULL CHECK (status BETWEEN 1 AND 5),
  root_hash bytea NOT NULL,
  sealed_at timestamptz NOT NULL
);
INSERT INTO evidence_locker.evidence_bundles
SELECT md5('bundle' || n)::uuid, platform.tenant(n), 1 + n % 3, 3, sha256(('bundle' || n)::bytea), '2026-01-01'::timestamptz + n * interval '37 minutes'
FROM generate_series(0, 249) AS n;

CREATE TABLE evidence_locker.evidence_artifacts (
  artifact_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL,
  bundle_id uuid NOT NULL REFERENCES evidence_locker.evidence_bundles,
  artifact_type text NOT NULL,
  storage_path text NOT NULL UNIQUE,
  sha256 text NOT NULL CHECK (sha256 ~ '^[0-9a-f]{64}$'),
  size_bytes bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE evidence_locker.evidence_holds (
  hold_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id uuid NOT NULL,
  bundle_id uuid NOT NULL REFERENCES evidence_locker.evidence_bundles,
  reason text NOT NULL
);
INSERT INTO evidence_locker.evidence_holds (tenant_id, bundle_id, reason)
SELECT tenant_id, bundle_id, 'legal hold: case ' || row_number() OVER (ORDER BY bundle_id) FROM evidence_locker.evidence_bundles ORDER BY bundle_id LIMIT 12;

CREATE TEMPORARY TABLE files (n bigint GENERATED ALWAYS AS IDENTITY, sha256 text, size_bytes bigint, path text);
\copy files (sha256, size_bytes, path) FROM pstdin
INSERT INTO evidence_locker.evidence_artifacts (artifact_id, tenant_id, bundle_id, artifact_type, storage_path, sha256, size_bytes, created_at)
SELECT md5(path)::uuid, platform.tenant(n % 250), md5('bundle' || n % 250)::uuid, split_part(path, '/', 1), path, sha256, size_bytes, '2026-01-01'::timestamptz + n * interval '3 minutes'
FROM files;
CREATE INDEX evidence_artifacts_sha256 ON evidence_locker.evidence_artifacts USING hash (sha256);

CALL platform.isolate('evidence_locker.evidence_bundles');
CALL platform.isolate('evidence_locker.evidence_artifacts');
CALL platform.isolate('evidence_locker.evidence_holds');
ALTER TABLE evidence_locker.evidence_artifacts FORCE ROW LEVEL SECURITY;
