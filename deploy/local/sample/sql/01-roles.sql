-- Roles of the sample platform: an owner, the application (subject to row-level security), a reader, and the backup role.
CREATE ROLE stellaops LOGIN;
CREATE ROLE stellaops_app LOGIN;
CREATE ROLE stellaops_readonly NOLOGIN;
GRANT stellaops_readonly TO stellaops_app;

CREATE TABLESPACE scanner_archive OWNER stellaops LOCATION :'tablespace';
CREATE DATABASE stellaops OWNER stellaops;
CREATE DATABASE stellaops_notify OWNER stellaops;
