-- Images, findings and the archive of old findings, which has a tablespace of its own.
SET ROLE stellaops;
CREATE SCHEMA scanner;
CALL platform.create_migrations('scanner', ARRAY['001_initial.sql', '002_findings.sql', '003_search.sql', '100_archive_tablespace.sql', 'DM001_backfill_epss.sql']);

CREATE TABLE scanner.images (
  image_id bigint PRIMARY KEY,
  tenant_id uuid NOT NULL,
  digest text NOT NULL UNIQUE,
  repository text NOT NULL,
  labels jsonb NOT NULL,
  scanned tstzrange NOT NULL
);
INSERT INTO scanner.images
SELECT n, platform.tenant(n), 'sha256:' || platform.digest(n), 'registry.example.test/team' || n % 12 || '/service' || n % 90,
  jsonb_build_object('env', (ARRAY['dev', 'stage', 'prod'])[1 + n % 3], 'version', '1.' || n % 40 || '.' || n % 7, 'owner', 'team' || n % 12),
  tstzrange('2025-11-01'::timestamptz + n * interval '20 minutes', '2025-11-01'::timestamptz + n * interval '20 minutes' + interval '90 seconds')
FROM generate_series(1, 4000) AS n;
CREATE INDEX images_labels ON scanner.images USING gin (labels jsonb_path_ops);
CREATE INDEX images_scanned ON scanner.images USING gist (scanned);
CREATE INDEX images_digest ON scanner.images USING hash (digest);
CALL platform.isolate('scanner.images');

CREATE TABLE scanner.findings (
  finding_id bigint PRIMARY KEY,
  tenant_id uuid NOT NULL,
  image_id bigint NOT NULL REFERENCES scanner.images,
  vulnerability text NOT NULL,
  package text NOT NULL,
  severity smallint NOT NULL,
  epss real NOT NULL,
  title text NOT NULL,
  search tsvector GENERATED ALWAYS AS (to_tsvector('simple', package || ' ' || title)) STORED,
  found_at timestamptz NOT NULL
);
INSERT INTO scanner.findings (finding_id, tenant_id, image_id, vulnerability, package, severity, epss, title, found_at)
SELECT n, platform.tenant(1 + n % 4000), 1 + n % 4000, 'CVE-202' || n % 6 || '-' || 10000 + n % 8000, 'pkg:deb/debian/lib' || n % 700 || '@2.' || n % 31,
  n % 5, platform.pick(n), 'Improper ' || (ARRAY['bounds check', 'input validation', 'lock order', 'escaping'])[1 + n % 4] || ' in lib' || n % 700 || ' (' || left(platform.digest(n), 24) || ')',
  '2025-11-01'::timestamptz + n * interval '30 seconds'
FROM generate_series(1, 110000) AS n;
CREATE INDEX findings_image ON scanner.findings (image_id, severity DESC);
CREATE INDEX findings_search ON scanner.findings USING gin (search);
CREATE INDEX findings_found ON scanner.findings USING brin (found_at) WITH (pages_per_range = 32);
CALL platform.isolate('scanner.findings');

CREATE TABLE scanner.findings_archive (LIKE scanner.findings INCLUDING DEFAULTS) TABLESPACE scanner_archive;
INSERT INTO scanner.findings_archive (finding_id, tenant_id, image_id, vulnerability, package, severity, epss, title, found_at)
SELECT 1000000 + n, platform.tenant(n), n % 4000, 'CVE-2019-' || 1000 + n % 5000, 'pkg:npm/old' || n % 300, n % 5, platform.pick(-n), 'Archived ' || platform.digest(-n), '2024-01-01'::timestamptz + n * interval '9 minutes'
FROM generate_series(1, 30000) AS n;
ALTER TABLE scanner.findings_archive ADD PRIMARY KEY (finding_id) USING INDEX TABLESPACE scanner_archive;
