#!/bin/sh
# Run once by the database image of a replica, after accounts.sh: whom to follow from now on, also after each restart.
# The primary must still have its whole history: a replica that joins later than binlog_expire_logs_seconds (a week) is
# begun from a copy of another one.
set -eu

MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb --user=root <<SQL
CHANGE MASTER TO MASTER_HOST = '$PRIMARY_HOST', MASTER_PORT = ${PRIMARY_PORT:-3306}, MASTER_USER = 'replication',
    MASTER_PASSWORD = '$REPLICATION_PASSWORD', MASTER_USE_GTID = slave_pos, MASTER_CONNECT_RETRY = 1;
SQL
