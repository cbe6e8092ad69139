"""The database of scripts: a schema and a role for each, statements, transactions, migrations."""
