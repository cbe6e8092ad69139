"""A call of every operation and route, for tests/test_who_may_do_what.py."""

from dataclasses import dataclass

# A call of each operation. Where a role or a recent sign-in is needed under a condition, the call
# meets it.
DOCUMENTS = {
    "Query.viewer": "{ viewer { id } }",
    "Query.user": "{ user(id: $user) { id } }",
    "Query.users": "{ users { totalCount } }",
    "Query.roles": "{ roles { role } }",
    "Query.auditEvents": "{ auditEvents { totalCount } }",
    "Query.logEntries": "{ logEntries { nodes { id } } }",
    "Query.systemStats": "{ systemStats { at } }",
    "Query.scriptStats": "{ scriptStats { slug } }",
    "Query.sessions": "{ sessions(userId: $user) { id } }",
    "Query.apiTokens": "{ apiTokens(userId: $user) { id } }",
    "Query.migrations": "{ migrations { state } }",
    "Query.database": "{ database { version tables { name } } }",
    "Query.healthChecks": "{ healthChecks { name } }",
    "Query.engineState": "{ engineState { state } }",
    "Query.alerts": "{ alerts { totalCount } }",
    "Query.backups": "{ backups { totalCount } }",
    "Query.backupRuns": "{ backupRuns { totalCount } }",
    "Query.drills": "{ drills { totalCount } }",
    "Query.backupStorageProblem": "{ backupStorageProblem }",
    "Query.backupOverview": "{ backupOverview { totalBytes } }",
    "Query.restorePreview": '{ restorePreview(backupName: "x") { takenAt } }',
    "Query.keptDatabases": "{ keptDatabases { name } }",
    "Query.undoRestorePreview": '{ undoRestorePreview(database: "x") { takenAt } }',
    "Mutation.undoRestore": 'mutation { undoRestore(input: {database: "x"}) { run { id } } }',
    "Mutation.createBackup": "mutation { createBackup(input: {}) { backup { name } } }",
    "Mutation.verifyBackup": 'mutation { verifyBackup(input: {name: "x"}) { run { id } } }',
    "Mutation.deleteBackup": 'mutation { deleteBackup(input: {name: "x"}) { run { id } } }',
    "Mutation.restoreBackup": (
        'mutation { restoreBackup(input: {name: "x", confirm: "x"}) { run { id } } }'
    ),
    "Mutation.runDrill": 'mutation { runDrill(input: {name: "x"}) { run { id } } }',
    "Mutation.grantRole": (
        "mutation { grantRole(input: {userId: $user, role: ADMINISTRATOR}) { changed } }"
    ),
    "Mutation.revokeRole": (
        "mutation { revokeRole(input: {userId: $user, role: ADMINISTRATOR}) { changed } }"
    ),
    "Mutation.inviteUser": (
        "mutation { inviteUser(input: {email: $email, roles: [EDITOR]}) { user { id } } }"
    ),
    "Mutation.suspendUser": "mutation { suspendUser(input: {userId: $user}) { user { id } } }",
    "Mutation.reinstateUser": "mutation { reinstateUser(input: {userId: $user}) { user { id } } }",
    "Mutation.deleteUser": "mutation { deleteUser(input: {userId: $user}) { user { id } } }",
    "Mutation.revokeSession": (
        "mutation { revokeSession(input: {sessionId: $session}) { revokedCount } }"
    ),
    "Mutation.revokeAllSessions": (
        "mutation { revokeAllSessions(input: {userId: $user}) { revokedCount } }"
    ),
    "Mutation.createApiToken": 'mutation { createApiToken(input: {name: "x"}) { secret } }',
    "Mutation.revokeApiToken": (
        "mutation { revokeApiToken(input: {tokenId: $token}) { apiToken { id } } }"
    ),
    "Mutation.vacuumDatabase": (
        'mutation { vacuumDatabase(input: {tables: ["settings"]}) { run { id } } }'
    ),
    "Mutation.sendTestAlert": "mutation { sendTestAlert(input: {}) { results { delivered } } }",
    "Query.maintenance": "{ maintenance { overdue } }",
    "Query.scheduledTasks": "{ scheduledTasks { name } }",
    "Query.taskRuns": "{ taskRuns { totalCount } }",
    "Query.accessReviews": "{ accessReviews { totalCount } }",
    "Query.accessReview": "{ accessReview { id } }",
    "Query.signingKeys": "{ signingKeys { number } }",
    "Mutation.tickMaintenanceItem": (
        'mutation { tickMaintenanceItem(input: {name: "documentation"}) { item { name } } }'
    ),
    "Mutation.runMaintenanceTask": (
        'mutation { runMaintenanceTask(input: {name: "end-grants"}) { run { id } } }'
    ),
    "Mutation.stopMaintenanceTask": (
        'mutation { stopMaintenanceTask(input: {runId: "x"}) { run { id } } }'
    ),
    "Mutation.startAccessReview": ("mutation { startAccessReview(input: {}) { review { id } } }"),
    "Mutation.submitAccessReview": (
        "mutation { submitAccessReview(input: {decisions: ["
        "{userId: $user, role: ADMINISTRATOR, decision: REVOKE}]}) { review { id } } }"
    ),
    "Mutation.rotateSecrets": "mutation { rotateSecrets(input: {}) { signingKeys { number } } }",
    "Query.scripts": "{ scripts { totalCount } }",
    "Query.script": "{ script(slug: $script) { slug } }",
    "Query.scriptVersion": "{ scriptVersion(slug: $script, number: 1) { number } }",
    "Query.scriptTemplates": "{ scriptTemplates { name } }",
    "Query.scriptDiff": "{ scriptDiff(slug: $script, from: 0, to: 0) { path } }",
    "Mutation.createScript": "mutation { createScript(input: {slug: $slug}) { script { slug } } }",
    "Mutation.saveScript": (
        'mutation { saveScript(input: {slug: $script, files: [{path: "main.ts", text: ""}]})'
        " { changed } }"
    ),
    "Mutation.saveScriptDraft": (
        "mutation { saveScriptDraft(input: {slug: $script, baseVersion: 0, files: []})"
        " { draft { revision } } }"
    ),
    "Mutation.discardScriptDraft": (
        "mutation { discardScriptDraft(input: {slug: $script}) { changed } }"
    ),
    # Nothing is saved in the script that these seven name.
    "Mutation.checkScript": "mutation { checkScript(input: {slug: $script}) { ok } }",
    "Mutation.checkScriptTypes": (
        "mutation { checkScriptTypes(input: {slug: $script}) { problem } }"
    ),
    "Mutation.formatScriptFile": (
        'mutation { formatScriptFile(input: {path: "a.ts", text: "1"}) { text } }'
    ),
    "Mutation.deployScript": "mutation { deployScript(input: {slug: $script}) { changed } }",
    "Mutation.rollBackScript": "mutation { rollBackScript(input: {slug: $script}) { changed } }",
    "Mutation.runScript": "mutation { runScript(input: {slug: $script}) { status } }",
    "Mutation.testScript": "mutation { testScript(input: {slug: $script}) { passed } }",
    "Query.scriptRequests": "{ scriptRequests(slug: $script) { id } }",
    "Mutation.saveScriptRequest": (
        'mutation { saveScriptRequest(input: {slug: $script, name: "Ada", path: "/" })'
        " { request { id } } }"
    ),
    # There is no such request.
    "Mutation.deleteScriptRequest": (
        'mutation { deleteScriptRequest(input: {slug: $script, id: "none"}) { requests { id } } }'
    ),
    "Query.scriptFailures": "{ scriptFailures(slug: $script) { id } }",
    # There is no such failure.
    "Mutation.replayScriptInvocation": (
        'mutation { replayScriptInvocation(input: {slug: $script, id: "none"}) { status } }'
    ),
    "Mutation.evaluateScript": (
        'mutation { evaluateScript(input: {slug: $script, source: "1"}) { json } }'
    ),
    "Mutation.setScriptLimits": (
        "mutation { setScriptLimits(input: {slug: $script, limits: {heapMb: 64}})"
        " { script { slug } } }"
    ),
    "Mutation.setScriptSecret": (
        'mutation { setScriptSecret(input: {slug: $script, name: "KEY", value: "x", hosts: []})'
        " { secret { name } } }"
    ),
    # There is no such secret.
    "Mutation.removeScriptSecret": (
        'mutation { removeScriptSecret(input: {slug: $script, name: "NONE"}) { secrets { name } } }'
    ),
    "Mutation.setScriptFetchHosts": (
        'mutation { setScriptFetchHosts(input: {slug: $script, hosts: ["api.example"]}) { hosts } }'
    ),
    "Mutation.suspendScript": (
        "mutation { suspendScript(input: {slug: $script}) { script { slug } } }"
    ),
    "Mutation.bindScriptHost": (
        'mutation { bindScriptHost(input: {slug: $script, host: "own.example"})'
        " { script { slug } } }"
    ),
    "Mutation.setScriptTitle": (
        'mutation { setScriptTitle(input: {slug: $script, title: "Shop"}) { script { slug } } }'
    ),
    "Mutation.setScriptPageMode": (
        "mutation { setScriptPageMode(input: {slug: $script, pageMode: SANDBOXED})"
        " { script { slug } } }"
    ),
    "Mutation.resumeScript": (
        "mutation { resumeScript(input: {slug: $script}) { script { slug } } }"
    ),
    "Mutation.deleteScript": (
        "mutation { deleteScript(input: {slug: $script}) { script { slug } } }"
    ),
    # It is not deleted.
    "Mutation.restoreScript": (
        "mutation { restoreScript(input: {slug: $script}) { script { slug } } }"
    ),
    # There is no such user.
    "Mutation.addScriptOwner": (
        'mutation { addScriptOwner(input: {slug: $script, email: "x"}) { owners { email } } }'
    ),
    "Mutation.removeScriptOwner": (
        'mutation { removeScriptOwner(input: {slug: $script, email: "x"}) { owners { email } } }'
    ),
    "Query.scriptSchedules": "{ scriptSchedules(slug: $script) { totalCount } }",
    "Query.scriptScheduleRuns": "{ scriptScheduleRuns(slug: $script) { totalCount } }",
    # The script has no active version.
    "Mutation.runScriptSchedule": (
        'mutation { runScriptSchedule(input: {slug: $script, name: "x"}) { schedule { name } } }'
    ),
    "Query.scriptStreams": "{ scriptStreams(slug: $script) { channel connections } }",
    "Query.scriptMessages": "{ scriptMessages(slug: $script) { totalCount } }",
    "Mutation.retryScriptMessages": (
        "mutation { retryScriptMessages(input: {slug: $script}) { count } }"
    ),
    "Mutation.discardScriptMessages": (
        "mutation { discardScriptMessages(input: {slug: $script}) { count } }"
    ),
    "Query.scriptUserRoles": "{ scriptUserRoles(slug: $script) { totalCount } }",
    "Query.scriptAssets": "{ scriptAssets(slug: $script) { totalCount } }",
    "Query.scriptValues": "{ scriptValues(slug: $script) { totalCount } }",
    "Query.scriptValue": '{ scriptValue(slug: $script, key: "a") { json } }',
    "Query.scriptValueHolders": "{ scriptValueHolders(slug: $script) { totalCount } }",
    "Mutation.setScriptValue": (
        'mutation { setScriptValue(input: {slug: $script, key: $slug, json: "1", version: 0})'
        " { value { key } } }"
    ),
    # The script has neither this value nor a table.
    "Mutation.deleteScriptValue": (
        'mutation { deleteScriptValue(input: {slug: $script, key: "b", version: 1}) { key } }'
    ),
    "Query.scriptTables": "{ scriptTables(slug: $script) { name } }",
    "Query.scriptTable": '{ scriptTable(slug: $script, name: "none") { name } }',
    "Query.scriptRows": '{ scriptRows(slug: $script, table: "none") { endCursor } }',
    "Query.scriptRow": '{ scriptRow(slug: $script, table: "none", key: ["1"]) { version } }',
    "Mutation.updateScriptRow": (
        'mutation { updateScriptRow(input: {slug: $script, table: "none", key: ["1"],'
        ' version: "1", values: [{column: "a", value: null}]}) { row { version } } }'
    ),
    "Mutation.insertScriptRow": (
        'mutation { insertScriptRow(input: {slug: $script, table: "none", values: []})'
        " { row { version } } }"
    ),
    "Mutation.deleteScriptRow": (
        'mutation { deleteScriptRow(input: {slug: $script, table: "none", key: ["1"],'
        ' version: "1"}) { key } }'
    ),
    "Mutation.grantScriptRole": (
        'mutation { grantScriptRole(input: {slug: $script, email: "x", role: "a"}) { roles } }'
    ),
    "Mutation.revokeScriptRole": (
        'mutation { revokeScriptRole(input: {slug: $script, email: "x", role: "a"}) { roles } }'
    ),
    "Subscription.scriptChanged": "subscription { scriptChanged { slug } }",
    "Subscription.scriptLogAdded": "subscription { scriptLogAdded(slug: $script) { text } }",
    "Subscription.userChanged": "subscription { userChanged { user { id } } }",
    "Subscription.auditEventAdded": "subscription { auditEventAdded { id } }",
    "Subscription.systemStats": "subscription { systemStats { at } }",
    "Subscription.logEntryAdded": "subscription { logEntryAdded { id } }",
}

# Where a role or a recent sign-in is needed under a condition: a call that does not meet it.
EXEMPT = {
    "Mutation.grantRole": DOCUMENTS["Mutation.grantRole"].replace("ADMINISTRATOR", "EDITOR"),
    "Mutation.inviteUser": DOCUMENTS["Mutation.inviteUser"].replace(", roles: [EDITOR]", ""),
    "Mutation.revokeRole": DOCUMENTS["Mutation.revokeRole"].replace("ADMINISTRATOR", "EDITOR"),
    "Mutation.submitAccessReview": DOCUMENTS["Mutation.submitAccessReview"].replace(
        "REVOKE", "KEEP"
    ),
    "Mutation.revokeSession": DOCUMENTS["Mutation.revokeSession"].replace("$", "$own_"),
    "Mutation.revokeApiToken": DOCUMENTS["Mutation.revokeApiToken"].replace("$", "$own_"),
    # Last: it ends the sessions that the callers use.
    "Mutation.revokeAllSessions": DOCUMENTS["Mutation.revokeAllSessions"].replace("$", "$own_"),
}

# What a caller gets who may, where it is not "ok"; or by the caller.
ANSWERS = {
    "Query.viewer": {"stranger": "none", "suspended": "none"},
    "Query.backupStorageProblem": "none",
    "Query.restorePreview": "404",
    "Query.undoRestorePreview": "404",
    "Query.accessReview": "none",
    "Mutation.verifyBackup": "404",
    "Mutation.deleteBackup": "404",
    "Mutation.restoreBackup": "404",
    "Mutation.undoRestore": "404",
    "Mutation.runDrill": "404",
    "Mutation.sendTestAlert": "409",
    "Mutation.stopMaintenanceTask": "404",
    "Mutation.submitAccessReview": "404",
    "Query.scriptVersion": "none",
    "Mutation.checkScript": "409",
    "Mutation.checkScriptTypes": "409",
    "Mutation.deployScript": "409",
    "Mutation.rollBackScript": "409",
    "Mutation.runScript": "409",
    "Mutation.testScript": "409",
    "Mutation.evaluateScript": "409",
    "Mutation.replayScriptInvocation": "404",
    "Mutation.deleteScriptRequest": "404",
    "Mutation.removeScriptSecret": "404",
    "Mutation.runScriptSchedule": "409",
    "Mutation.restoreScript": "404",
    "Mutation.addScriptOwner": "404",
    "Mutation.grantScriptRole": "404",
    "Mutation.revokeScriptRole": "404",
    "Mutation.removeScriptOwner": "404",
    "Query.scriptValue": "none",
    "Mutation.deleteScriptValue": "409",
    "Query.scriptTable": "404",
    "Query.scriptRows": "404",
    "Query.scriptRow": "404",
    "Mutation.updateScriptRow": "404",
    "Mutation.insertScriptRow": "404",
    "Mutation.deleteScriptRow": "404",
}


@dataclass(frozen=True)
class Sample:
    """A request to a route: its path, what a caller gets who may, and which callers differ."""

    path: str
    answer: str = "200"
    by_caller: tuple[tuple[str, str], ...] = ()


def sample(path, answer="200", **by_caller):
    return Sample(path, answer, tuple(by_caller.items()))


# Whether an open route looks at a token at all shows in what an expired one gets.
SIGNED_IN_ONLY = {"stranger": "401", "suspended": "401", "expired": "401"}
TOKENS_ONLY = {**SIGNED_IN_ONLY, "stale": "401"}
ROUTES = {
    "GET /": sample("/", expired="401"),
    "GET /health": sample("/health"),
    "HEAD /health": sample("/health"),
    "GET /.well-known/security.txt": sample("/.well-known/security.txt", "404"),
    "GET /metrics": sample("/metrics"),
    # These two ask for the schema, which strangers may not see.
    "GET /graphql": sample("/graphql", **SIGNED_IN_ONLY),
    "WS /graphql": sample("/graphql", **SIGNED_IN_ONLY),
    "POST /graphql": sample("/graphql", expired="401"),
    "GET /scripts/graphql": sample("/scripts/graphql", **SIGNED_IN_ONLY),
    "WS /scripts/graphql": sample("/scripts/graphql", **SIGNED_IN_ONLY),
    "POST /scripts/graphql": sample("/scripts/graphql", expired="401"),
    "GET /scripts/graphql/schema.graphql": sample(
        "/scripts/graphql/schema.graphql", **SIGNED_IN_ONLY
    ),
    # No JSON-RPC. Sessions do not count there, and there are no streams.
    "GET /mcp": sample("/mcp", "405"),
    "POST /mcp": sample("/mcp", "400", **TOKENS_ONLY),
    "GET /mcp/scripts/{slug}": sample("/mcp/scripts/x", "405"),
    "POST /mcp/scripts/{slug}": sample("/mcp/scripts/x", "400", **TOKENS_ONLY),
    "GET /.well-known/oauth-authorization-server": sample(
        "/.well-known/oauth-authorization-server"
    ),
    "GET /.well-known/oauth-protected-resource": sample("/.well-known/oauth-protected-resource"),
    "GET /.well-known/oauth-protected-resource/{path}": sample(
        "/.well-known/oauth-protected-resource/x", "404"
    ),
    # Without a program that asks, and without a page that is answered.
    "GET /auth/oauth/authorize": sample("/auth/oauth/authorize", "400"),
    "POST /auth/oauth/authorize": sample("/auth/oauth/authorize", "400", expired="401"),
    "POST /auth/oauth/register": sample("/auth/oauth/register", "400"),
    "POST /auth/oauth/token": sample("/auth/oauth/token", "400"),
    "POST /auth/oauth/revoke": sample("/auth/oauth/revoke", "400"),
    "GET /auth/login": sample("/auth/login", "303", stranger="200", suspended="200", expired="401"),
    "GET /auth/login/{provider}": sample("/auth/login/nowhere", "404"),
    "GET /auth/callback/{provider}": sample("/auth/callback/nowhere", "404"),
    "POST /auth/callback/{provider}": sample("/auth/callback/nowhere", "404"),
    # The link is invalid for every caller.
    "GET /auth/link": sample("/auth/link", "401"),
    # Without server.scripts_host.
    "GET /auth/scripts": sample("/auth/scripts", "404"),
    "GET /api/engine/admin/users": sample("/api/engine/admin/users"),
    "POST /api/engine/admin/users/{user_id}/roles": sample("/api/engine/admin/users/{id}/roles"),
    "GET /api/engine/admin/audit": sample("/api/engine/admin/audit"),
    "GET /api/engine/admin/logs": sample("/api/engine/admin/logs"),
    "GET /api/engine/admin/reviews/{number}": sample("/api/engine/admin/reviews/1", "404"),
    "GET /api/engine/admin/backups/{name}": sample("/api/engine/admin/backups/x", "404"),
    "GET /api/engine/scripts": sample("/api/engine/scripts"),
    "GET /api/engine/scripts/{slug}.tar": sample("/api/engine/scripts/x.tar", "404"),
    "GET /api/engine/scripts/{slug}": sample("/api/engine/scripts/x", "404"),
    # Without files.
    "PUT /api/engine/scripts/{slug}": sample("/api/engine/scripts/x", "422"),
    "PUT /api/engine/scripts/{slug}/draft": sample("/api/engine/scripts/x/draft", "415"),
    "DELETE /api/engine/scripts/{slug}": sample("/api/engine/scripts/x", "404"),
    "POST /api/engine/scripts/{slug}/check": sample("/api/engine/scripts/x/check", "404"),
    "POST /api/engine/scripts/{slug}/test": sample("/api/engine/scripts/x/test", "404"),
    "POST /api/engine/scripts/{slug}/deploy": sample("/api/engine/scripts/x/deploy", "404"),
    "POST /api/engine/scripts/{slug}/rollback": sample("/api/engine/scripts/x/rollback", "404"),
    "POST /api/engine/scripts/{slug}/suspend": sample("/api/engine/scripts/x/suspend", "404"),
    "POST /api/engine/scripts/{slug}/resume": sample("/api/engine/scripts/x/resume", "404"),
    "POST /api/engine/scripts/{slug}/restore": sample("/api/engine/scripts/x/restore", "404"),
    "GET /api/engine/scripts/{slug}/files": sample("/api/engine/scripts/x/files", "404"),
    # Without changes.
    "POST /api/engine/scripts/{slug}/files": sample("/api/engine/scripts/x/files", "422"),
    "GET /api/engine/scripts/{slug}/files/{path}": sample("/api/engine/scripts/x/files/y", "404"),
    "PUT /api/engine/scripts/{slug}/files/{path}": sample("/api/engine/scripts/x/files/y", "404"),
    # Without edits.
    "PATCH /api/engine/scripts/{slug}/files/{path}": sample("/api/engine/scripts/x/files/y", "415"),
    "DELETE /api/engine/scripts/{slug}/files/{path}": sample(
        "/api/engine/scripts/x/files/y", "404"
    ),
    "GET /api/engine/scripts/{slug}/owners": sample("/api/engine/scripts/x/owners", "404"),
    # Without an address.
    "POST /api/engine/scripts/{slug}/owners": sample("/api/engine/scripts/x/owners", "422"),
    "DELETE /api/engine/scripts/{slug}/owners/{email}": sample(
        "/api/engine/scripts/x/owners/y", "404"
    ),
    "GET /api/engine/scripts/{slug}/secrets": sample("/api/engine/scripts/x/secrets", "404"),
    # Without a body of JSON.
    "PUT /api/engine/scripts/{slug}/secrets/{name}": sample(
        "/api/engine/scripts/x/secrets/KEY", "415"
    ),
    "DELETE /api/engine/scripts/{slug}/secrets/{name}": sample(
        "/api/engine/scripts/x/secrets/KEY", "404"
    ),
    "PUT /api/engine/scripts/{slug}/fetch-hosts": sample(
        "/api/engine/scripts/x/fetch-hosts", "415"
    ),
    "GET /engine/admin": sample("/engine/admin"),
    "GET /engine/admin/{path}": sample("/engine/admin/users"),
    "GET /editor": sample("/editor"),
    "GET /editor/{path}": sample("/editor/hello"),
    "GET /assets/{build}/{path}": sample("/assets/0/nothing.js", "404"),
    # Last: it ends the sessions that the callers use.
    "POST /auth/logout": sample("/auth/logout", "204", expired="401"),
}
