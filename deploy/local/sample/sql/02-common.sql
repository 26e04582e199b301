-- What every schema shares: the current tenant, and the list of applied migrations.
SET ROLE stellaops;
CREATE SCHEMA platform;

CREATE FUNCTION platform.current_tenant() RETURNS uuid LANGUAGE sql STABLE
  AS $$ SELECT nullif(current_setting('app.tenant_id', true), '')::uuid $$;

-- A number between 0 and 1 that depends on the seed only: the sample is the same each time.
CREATE FUNCTION platform.pick(seed bigint) RETURNS double precision LANGUAGE sql IMMUTABLE
  AS $$ SELECT (hashint8(seed)::bigint + 2147483648) / 4294967296.0 $$;

CREATE FUNCTION platform.digest(seed bigint) RETURNS text LANGUAGE sql IMMUTABLE
  AS $$ SELECT encode(sha256(seed::text::bytea), 'hex') $$;

CREATE FUNCTION platform.tenant(seed bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
  AS $$ SELECT ('00000000-0000-4000-8000-00000000000' || 1 + seed % 3)::uuid $$;

CREATE PROCEDURE platform.create_migrations(schema_name text, names text[]) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TABLE %I.schema_migrations (
    migration_name text PRIMARY KEY,
    category text NOT NULL CHECK (category IN (''startup'', ''release'', ''seed'', ''data'')),
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    applied_by text NOT NULL DEFAULT current_user,
    duration_ms integer NOT NULL)', schema_name);
  EXECUTE format('INSERT INTO %I.schema_migrations (migration_name, category, checksum, applied_at, duration_ms)
    SELECT name,
      CASE WHEN name ~ ''^DM'' THEN ''data'' WHEN name ~ ''^S'' THEN ''seed'' WHEN name ~ ''^1'' THEN ''release'' ELSE ''startup'' END,
      encode(sha256((%L || name)::bytea), ''hex''), ''2026-01-10 08:00:00Z''::timestamptz + n * interval ''1 second'', 20 + n::int * 7
    FROM unnest($1) WITH ORDINALITY AS m(name, n)', schema_name, schema_name) USING names;
END $$;

CREATE PROCEDURE platform.isolate(table_name regclass) LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', table_name);
  EXECUTE format('CREATE POLICY tenant_isolation ON %s USING (tenant_id = platform.current_tenant())', table_name);
END $$;
