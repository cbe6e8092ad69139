"""Scripts, their versions, files, owners, routes and log lines."""

import enum
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import strawberry

from aiwebengine.graphql.connection import Connection
from aiwebengine.graphql.context import known_as
from aiwebengine.scripts import fields
from aiwebengine.scripts.activation_types import ScriptActivation
from aiwebengine.scripts.activity_types import ScriptActivity
from aiwebengine.scripts.limit_types import ScriptLimitRanges, ScriptLimits
from aiwebengine.scripts.log_types import ScriptLogLine

if TYPE_CHECKING:
    from aiwebengine.script_drafts.types import ScriptDraft
    from aiwebengine.script_secrets.types import ScriptSecret

_Secret = Annotated["ScriptSecret", strawberry.lazy("aiwebengine.script_secrets.types")]
_Draft = Annotated["ScriptDraft", strawberry.lazy("aiwebengine.script_drafts.types")]


@strawberry.enum(name="ScriptDialect")
class Dialect(enum.Enum):
    """The interface that a version is written for.

    Attributes:
        MODULE: standard handlers, by `export default` or `export const routes`.
        CLASSIC: `init()` and handlers that are registered by name.
    """

    MODULE = "module"
    CLASSIC = "classic"


@strawberry.enum(name="ScriptPageMode")
class PageMode(enum.Enum):
    """How browsers treat the pages of a script.

    Attributes:
        SANDBOXED: without an origin: no cookies, no storage, no access to other pages.
        FULL: as pages of the host that they are served on, which is not the engine's own.
    """

    SANDBOXED = "sandboxed"
    FULL = "full"


@strawberry.enum
class ScriptState(enum.Enum):
    """State of a script.

    Attributes:
        DRAFT: nothing is deployed.
        ACTIVE: a version is deployed and answers requests.
        SUSPENDED: its requests are refused until it is resumed.
        DELETED: it can be restored for 30 days.
    """

    DRAFT = "draft"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


@strawberry.enum(name="DiagnosticSeverity")
class Severity(enum.Enum):
    """Severity of a diagnostic.

    Attributes:
        ERROR: the version can't be deployed.
        WARNING: the version can be deployed, but its author should check this.
    """

    ERROR = "error"
    WARNING = "warning"


@strawberry.type
class Diagnostic:
    """A problem of a version, found when it was loaded.

    Attributes:
        severity: whether it prevents deploying.
        message: the problem.
        file: the file; null when no file is to blame.
        line: line in the file, from 1.
        column: column in the line, from 1.
    """

    severity: Severity
    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None

    @property
    def text(self) -> str:
        """The message after its place, as far as that is known: `main.ts:7:9: message`."""
        place = [str(part) for part in (self.file, self.line, self.column) if part is not None]
        return ":".join(place) + ": " + self.message if place else self.message

    def as_json(self) -> dict[str, Any]:
        """What `from_json` reads, and REST answers."""
        return {
            "severity": self.severity.value,
            "file": self.file,
            "line": self.line,
            "column": self.column,
            "message": self.message,
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Diagnostic":
        """The diagnostic that `as_json` returned."""
        return cls(**{**data, "severity": Severity(data["severity"])})


@strawberry.type
class ScriptRoute:
    """A route of a script.

    Attributes:
        method: method of HTTP, or `*` for any.
        path: path with parameters, such as `/hello/:name` or `/files/*rest`.
        kind: `route`, `fetch`, `asset` or `stream`.
        handler: what the script calls its handler.
    """

    method: str
    path: str
    kind: str
    handler: str
    shape: strawberry.Private[str]


@strawberry.type
class Script:
    """A script.

    Attributes:
        id: ID of the script.
        slug: its name in addresses and commands.
        title: its name for people.
        newest_version: number of the newest version; 0 until one is saved.
        active_version: number of the version that is served; null when none is.
        host: host that it is bound to; null for the engine's own.
        page_mode: how browsers treat its pages.
        suspended_at: when it was suspended; null when it is not.
        suspension_reason: why it was suspended.
        created_at: when it was created.
        created_by: who created it.
        deleted_at: when it was deleted; null when it is not.
    """

    id: strawberry.ID
    key: strawberry.Private[UUID]
    slug: str
    title: str
    newest_version: int
    active_version: int | None
    host: str | None
    page_mode: PageMode
    overrides: strawberry.Private[dict[str, Any]]
    suspended_at: datetime | None
    suspension_reason: str | None
    activation: strawberry.Private[int]
    created_at: datetime
    created_by: str
    deleted_at: datetime | None
    is_owner: strawberry.Private[bool]
    """Whether the viewer for whom it was read owns it."""

    owners: list["ScriptOwner"] = strawberry.field(resolver=fields.owners)
    routes: list[ScriptRoute] = strawberry.field(resolver=fields.routes)
    activity: ScriptActivity = strawberry.field(resolver=fields.activity)
    limits: ScriptLimits = strawberry.field(resolver=fields.limits)
    limit_ranges: ScriptLimitRanges = strawberry.field(resolver=fields.limit_ranges)
    versions: "Connection[ScriptVersion]" = strawberry.field(resolver=fields.versions)
    activations: Connection[ScriptActivation] = strawberry.field(resolver=fields.activations)
    newest: "ScriptVersion | None" = strawberry.field(resolver=fields.newest)
    active: "ScriptVersion | None" = strawberry.field(resolver=fields.active)
    files: list["ScriptFile"] = strawberry.field(resolver=fields.files)
    diagnostics: list[Diagnostic] = strawberry.field(resolver=fields.diagnostics)
    log: Connection[ScriptLogLine] | None = strawberry.field(resolver=fields.log)
    secrets: list[_Secret] | None = strawberry.field(resolver=fields.secrets)
    fetch_hosts: list[str] | None = strawberry.field(resolver=fields.fetch_hosts)
    draft: _Draft | None = strawberry.field(resolver=fields.draft)

    @known_as("current_state")
    def state(self) -> ScriptState:
        """Current state."""
        return self.current_state

    @known_as("is_owner")
    def viewer_is_owner(self) -> bool:
        """Whether the caller owns it."""
        return self.is_owner

    @property
    def current_state(self) -> ScriptState:
        """See `state`."""
        if self.deleted_at is not None:
            return ScriptState.DELETED
        if self.suspended_at is not None:
            return ScriptState.SUSPENDED
        return ScriptState.DRAFT if self.active_version is None else ScriptState.ACTIVE


@strawberry.type
class ScriptOwner:
    """An owner of a script.

    Attributes:
        email: address of the user.
        name: name of the user.
        added_at: when the user became an owner.
        added_by: who added the user.
    """

    user_id: strawberry.Private[UUID]
    email: str
    name: str
    added_at: datetime
    added_by: str


@strawberry.type
class ScriptVersion:
    """A saved version of a script; it never changes.

    Attributes:
        number: number of the version, from 1.
        parent: version that its author started from; null for the first.
        message: what the author wrote about it.
        author_name: who saved it.
        created_at: when it was saved.
        digest: SHA-256 of its files.
        entry: the file that is loaded.
        dialect: the interface that it is written for.
        diagnostics: problems found when it was loaded last.
        deployed_at: when it was deployed last; null if never.
    """

    script_key: strawberry.Private[UUID]
    number: int
    parent: int | None
    message: str
    author_id: strawberry.Private[UUID | None]
    author_name: str
    created_at: datetime
    digest: str
    entry: str
    dialect: Dialect
    registrations: strawberry.Private[list[dict[str, Any]] | None]
    diagnostics: list[Diagnostic]
    deployed_at: datetime | None
    files: list["ScriptFile"] = strawberry.field(resolver=fields.files_of_version)


@strawberry.type
class ScriptFile:
    """A file of a version.

    Attributes:
        path: path of the file.
        size: bytes.
        digest: SHA-256 of its content.
    """

    path: str
    size: int
    digest: str
    text: str | None = strawberry.field(resolver=fields.text)
    base64: str | None = strawberry.field(resolver=fields.base64)


@strawberry.enum(name="FileChangeKind")
class ChangeKind(enum.Enum):
    """How a file changed between two versions.

    Attributes:
        ADDED: only the newer version has it.
        REMOVED: only the older version has it.
        CHANGED: both have it, with different contents.
    """

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


@strawberry.type
class FileChange:
    """A file that differs between two versions.

    Attributes:
        path: path of the file.
        kind: how it changed.
        old_size: bytes in the older version; null when that lacks it.
        new_size: bytes in the newer version; null when that lacks it.
        diff: unified diff; null for binary and very large files.
    """

    path: str
    kind: ChangeKind
    old_size: int | None
    new_size: int | None
    diff: str | None


@strawberry.input
class ScriptFilter:
    """Filter of scripts; omitted fields do not filter.

    Attributes:
        search: text in the slug, the title or the path of a route.
        state: only scripts in this state; deleted ones are listed only with `DELETED`.
        mine: only scripts that the viewer owns.
        ownerless: only scripts that nobody owns.
    """

    search: str | None = None
    state: ScriptState | None = None
    mine: bool = False
    ownerless: bool = False
