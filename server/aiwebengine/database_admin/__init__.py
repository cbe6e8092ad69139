"""How the database is, and what keeps it so. (`database` is the way to it, this is its care.)"""
