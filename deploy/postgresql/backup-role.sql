-- Creates the role that backs up a PostgreSQL cluster, with the least that it needs. Run it as a superuser, in the database
-- that Database:ConnectionString names (grants on functions belong to one database). A role that is there gets what it lacks,
-- and this password, which is no argument of a command, since all accounts of the machine see those (docs/own-data.md has it from a file):
--   psql -d postgres
--   \set role_password '...'
--   \i backup-role.sql
-- REPLICATION makes slots and streams WAL; pg_hba.conf needs a line for it:
--   host  replication  stella_backup  <address of the worker>/32  scram-sha-256
SELECT 'CREATE ROLE stella_backup' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stella_backup') \gexec
ALTER ROLE stella_backup LOGIN REPLICATION BYPASSRLS PASSWORD :'role_password';

-- Where the data directory is, and which settings the cluster runs with.
GRANT pg_read_all_settings TO stella_backup;

-- The files of the cluster, and of no other directory. The role sees everything in it, as any backup does.
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean) TO stella_backup;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_file(text, boolean) TO stella_backup;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) TO stella_backup;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_backup_start(text, boolean) TO stella_backup;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_backup_stop(boolean) TO stella_backup;

-- The lists of applied migrations, and the rows that name evidence files, of every tenant.
GRANT pg_read_all_data TO stella_backup;
