-- Tenants, users, clients and the log of what they did.
SET ROLE stellaops;
CREATE SCHEMA authority;
CALL platform.create_migrations('authority', ARRAY['001_initial.sql', '002_clients.sql', '003_row_level_security.sql', 'S001_demo_tenants.sql']);

CREATE TABLE authority.tenants (
  tenant_id uuid PRIMARY KEY,
  slug text NOT NULL UNIQUE,
  display_name text NOT NULL,
  created_at timestamptz NOT NULL
);
INSERT INTO authority.tenants VALUES
  (platform.tenant(0), 'acme', 'Acme Präzision GmbH', '2025-03-01 09:00Z'),
  (platform.tenant(1), 'globex', 'Globex Łódź', '2025-05-12 10:30Z'),
  (platform.tenant(2), 'initech', '株式会社イニテック', '2025-09-30 07:15Z');

CREATE TABLE authority.users (
  user_id uuid PRIMARY KEY,
  tenant_id uuid NOT NULL REFERENCES authority.tenants,
  username text NOT NULL,
  email text NOT NULL,
  password_hash text NOT NULL,
  roles text[] NOT NULL,
  disabled boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL,
  UNIQUE (tenant_id, username)
);
INSERT INTO authority.users
SELECT md5('user' || n)::uuid, platform.tenant(n), 'user' || n, 'user' || n || '@example.test', '$argon2id$' || platform.digest(n),
  CASE WHEN n % 20 = 0 THEN ARRAY['admin', 'operator'] ELSE ARRAY['viewer'] END, n % 37 = 0, '2025-06-01'::timestamptz + n * interval '1 hour'
FROM generate_series(1, 600) AS n;
CREATE INDEX users_roles ON authority.users USING gin (roles);
CREATE INDEX users_active ON authority.users (lower(email)) WHERE NOT disabled;
CALL platform.isolate('authority.users');

CREATE TABLE authority.login_events (
  event_id bigint GENERATED ALWAYS AS IDENTITY,
  tenant_id uuid NOT NULL,
  user_id uuid NOT NULL,
  address inet NOT NULL,
  succeeded boolean NOT NULL,
  at timestamptz NOT NULL
) PARTITION BY RANGE (at);
CREATE TABLE authority.login_events_2025 PARTITION OF authority.login_events FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE authority.login_events_2026 PARTITION OF authority.login_events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE INDEX login_events_at ON authority.login_events USING brin (at);
CREATE INDEX login_events_address ON authority.login_events USING gist (address inet_ops);
INSERT INTO authority.login_events (tenant_id, user_id, address, succeeded, at)
SELECT platform.tenant(n), md5('user' || 1 + n % 600)::uuid, ('10.' || n % 8 || '.' || n % 251 || '.' || n % 254)::inet, n % 11 <> 0,
  '2025-10-01'::timestamptz + n * interval '4 minutes'
FROM generate_series(1, 40000) AS n;
