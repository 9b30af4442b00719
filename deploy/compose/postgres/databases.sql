-- Run by psql once, when the volume is made: two users who cannot see each other's databases.
\set firstdose_password `cat /run/secrets/firstdose_db_password`
\set temporal_password `cat /run/secrets/temporal_db_password`

CREATE ROLE firstdose LOGIN PASSWORD :'firstdose_password';
CREATE DATABASE firstdose OWNER firstdose;
REVOKE ALL ON DATABASE firstdose FROM PUBLIC;

-- Temporal makes its tables and the extension btree_gin as the owner of its databases.
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE DATABASE temporal OWNER temporal;
REVOKE ALL ON DATABASE temporal FROM PUBLIC;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE ALL ON DATABASE temporal_visibility FROM PUBLIC;
