-- Policy packs and their verdicts; a materialized view, an enumeration, a domain, a trigger.
SET ROLE stellaops;
CREATE SCHEMA policy;
CALL platform.create_migrations('policy', ARRAY['001_initial.sql', '002_verdicts.sql', '101_severity_enum.sql']);

CREATE TYPE policy.decision AS ENUM ('pass', 'warn', 'block');
CREATE DOMAIN policy.percentage AS numeric(5, 2) CHECK (VALUE BETWEEN 0 AND 100);

CREATE TABLE policy.packs (
  pack_id integer PRIMARY KEY,
  tenant_id uuid NOT NULL,
  name text NOT NULL,
  source xml NOT NULL,
  coverage policy.percentage NOT NULL
);
INSERT INTO policy.packs
SELECT n, platform.tenant(n), 'pack-' || n, xmlparse(CONTENT '<pack id="' || n || '"><rule severity="high"/></pack>'), (n * 7) % 100 + 0.25
FROM generate_series(1, 60) AS n;

CREATE TABLE policy.verdicts (
  verdict_id bigint PRIMARY KEY,
  tenant_id uuid NOT NULL,
  pack_id integer NOT NULL REFERENCES policy.packs,
  image_digest text NOT NULL,
  decision policy.decision NOT NULL,
  explanation jsonb NOT NULL,
  decided_at timestamptz NOT NULL
);
INSERT INTO policy.verdicts
SELECT n, platform.tenant(n), 1 + n % 60, 'sha256:' || platform.digest(1 + n % 4000), (ARRAY['pass', 'warn', 'block'])[1 + n % 3]::policy.decision,
  jsonb_build_object('rules', jsonb_build_array(n % 9, n % 7), 'reason', repeat('threshold exceeded; ', (n % 6)::int), 'trace', platform.digest(n * 3)),
  '2025-12-01'::timestamptz + n * interval '1 minute'
FROM generate_series(1, 50000) AS n;
CREATE INDEX verdicts_pack ON policy.verdicts (pack_id, decided_at);
CREATE INDEX verdicts_explanation ON policy.verdicts USING gin (explanation);
CALL platform.isolate('policy.verdicts');

CREATE FUNCTION policy.verdicts_are_final() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'verdict % is final', OLD.verdict_id;
END $$;
CREATE TRIGGER verdicts_are_final BEFORE UPDATE ON policy.verdicts FOR EACH ROW EXECUTE FUNCTION policy.verdicts_are_final();

CREATE MATERIALIZED VIEW policy.decisions_by_day AS
SELECT tenant_id, date_trunc('day', decided_at) AS day, decision, count(*) AS decisions FROM policy.verdicts GROUP BY 1, 2, 3;
CREATE UNIQUE INDEX decisions_by_day_key ON policy.decisions_by_day (tenant_id, day, decision);
