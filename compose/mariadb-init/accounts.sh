#!/bin/sh
# Run once by the database image in an empty data directory, of the primary and of each replica alike: the schema and the
# accounts, each with the rights it needs and no others (as shop/mariadb_data.py makes them on one machine). None of it
# is replicated: every server has it from the beginning, and their histories begin empty.
set -eu

account() {
    printf "CREATE USER %s@'%%' IDENTIFIED BY '%s';\n" "$1" "$2"
}

MYSQL_PWD=$MARIADB_ROOT_PASSWORD mariadb --user=root <<SQL
SET SESSION sql_log_bin = OFF;
CREATE DATABASE shop CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci;
$(account shop "$SHOP_PASSWORD")
$(account reader "$READER_PASSWORD")
$(account replication "$REPLICATION_PASSWORD")
GRANT ALL ON shop.* TO shop;
GRANT SELECT ON shop.* TO reader;
GRANT SLAVE MONITOR, BINLOG MONITOR ON *.* TO shop, reader;
GRANT REPLICATION SLAVE ON *.* TO replication;
RESET MASTER;
SQL
