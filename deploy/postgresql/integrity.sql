-- Lets the backup role check the indexes and tables of one database ('stella db verify-integrity'): only superusers may by default.
-- Run it as a superuser in every database, and in template1, from which new databases get it:
--   for database in $(psql -d postgres -qtAXc 'SELECT datname FROM pg_database WHERE datallowconn'); do
--     psql -d "$database" -v ON_ERROR_STOP=1 -f integrity.sql
--   done
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS amcheck;
DO $$
DECLARE
  signature text;
BEGIN
  FOR signature IN
    SELECT p.oid::regprocedure
    FROM pg_extension e
    JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_proc'::regclass
    JOIN pg_proc p ON p.oid = d.objid
    WHERE e.extname = 'amcheck' AND p.proname IN ('bt_index_check', 'verify_heapam', 'gin_index_check')
  LOOP
    EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO stella_backup', signature);
  END LOOP;
END $$;
