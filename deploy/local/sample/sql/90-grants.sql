-- The application sees its tenant's rows only; then statistics, so that the cluster looks lived in.
SET ROLE stellaops;
GRANT USAGE ON SCHEMA platform, authority, scanner, policy, orchestrator, evidence_locker TO stellaops_app, stellaops_readonly;
GRANT SELECT ON ALL TABLES IN SCHEMA authority, scanner, policy, orchestrator, evidence_locker TO stellaops_readonly;
GRANT INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA scanner, policy, orchestrator TO stellaops_app;
GRANT INSERT ON ALL TABLES IN SCHEMA evidence_locker TO stellaops_app;
RESET ROLE;
COMMENT ON DATABASE stellaops IS 'sample platform';
ALTER DATABASE stellaops SET work_mem = '8MB';
VACUUM (ANALYZE);
