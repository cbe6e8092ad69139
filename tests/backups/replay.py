"""The trail replayed: which roles it says that everybody holds."""

from __future__ import annotations


def roles_by_trail(connection):
    """{user: roles} as the trail's events, in their order, leave them."""
    roles = {}
    events = connection.execute(
        "select target_id, action, coalesce(after ->> 'role', before ->> 'role'),"
        " after -> 'roles' from audit_events where action like 'role.%' or action = 'user.invited'"
        " order by id"
    ).fetchall()
    for user, action, role, several in events:
        held = roles.setdefault(user, set())
        if action == "role.granted":
            held.add(role)
        elif action == "user.invited":
            held.update(several or [])
        else:
            held.discard(role)
    return {user: held for user, held in roles.items() if held}


def roles_by_table(connection):
    """{user: roles} as the table says."""
    roles = {}
    for user, role in connection.execute("select user_id, role from user_roles").fetchall():
        roles.setdefault(user, set()).add(role)
    return roles
