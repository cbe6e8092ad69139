"""Users, roles, identities and what lists of users take."""

import enum
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import strawberry

from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import needs_scope
from aiwebengine.graphql.context import Info, known_as

if TYPE_CHECKING:
    from aiwebengine.audit.types import AuditEvent
    from aiwebengine.sessions.types import ApiToken, Session


@strawberry.enum
class UserStatus(enum.Enum):
    """Status of a user.

    Attributes:
        ACTIVE: can sign in.
        INVITED: was invited and has not signed in yet.
        SUSPENDED: cannot sign in; roles are kept but do not count.
    """

    ACTIVE = "active"
    INVITED = "invited"
    SUSPENDED = "suspended"


@strawberry.enum
class UserOrderField(enum.Enum):
    """Sort field of a list of users.

    Attributes:
        CREATED_AT: creation time.
        NAME: display name, case-insensitive.
        EMAIL: address, case-insensitive.
    """

    CREATED_AT = "created_at"
    NAME = "name"
    EMAIL = "email"


@strawberry.enum
class OrderDirection(enum.Enum):
    """Sort direction.

    Attributes:
        ASC: smallest or oldest first.
        DESC: largest or newest first.
    """

    ASC = "asc"
    DESC = "desc"


@strawberry.input
class UserOrder:
    """Sort order of a list of users.

    Attributes:
        field: the sort field.
        direction: the sort direction.
    """

    field: UserOrderField = UserOrderField.CREATED_AT
    direction: OrderDirection = OrderDirection.DESC


@strawberry.enum
class UserChangeKind(enum.Enum):
    """Kind of change to a user.

    Attributes:
        CREATED: the user was created or invited.
        ROLES: a role was granted, revoked or expired.
        STATUS: the user was suspended or reinstated.
        PROFILE: the name changed or the address was verified.
        ACCESS: a session, token or identity was added or removed.
        DELETED: the user was deleted.
    """

    CREATED = "created"
    ROLES = "roles"
    STATUS = "status"
    PROFILE = "profile"
    ACCESS = "access"
    DELETED = "deleted"


@dataclass(frozen=True)
class UserFilter:
    """Filter of a list of users; None does not filter."""

    search: str | None = None
    role: Role | None = None
    provider: str | None = None
    status: UserStatus | None = None


@dataclass(frozen=True)
class Shown:
    """Attributes to read of each user on a page, and of their identities."""

    user: frozenset[str]
    identity: frozenset[str] = frozenset()


@strawberry.type
class RoleGrant:
    """A role of a user, with who granted it and when.

    Attributes:
        role: the role.
        granted_at: when it was granted.
        granted_by: who granted it: an address or the command line.
        reason: the reason given.
        expires_at: when it expires; null for a permanent grant.
    """

    role: Role
    granted_at: datetime
    granted_by: str
    reason: str | None
    expires_at: datetime | None


@strawberry.type
class Identity:
    """Account of a user at a sign-in provider.

    Attributes:
        provider: the provider's name in the configuration.
        subject: the provider's permanent id for the person (OpenID Connect `sub`).
        email: the address that the provider reported.
        email_verified: whether the provider reported the address as verified at the last sign-in.
        created_at: first sign-in with it.
        last_used_at: latest sign-in with it.
    """

    provider: str
    subject: str
    email: str | None
    email_verified: bool
    created_at: datetime
    last_used_at: datetime | None


@strawberry.type
class User:
    """A person who has signed in or was invited.

    Attributes:
        id: permanent id, never reused.
        email: the address.
        name: display name; may be empty.
        picture_url: address of a picture, when a provider sent one.
        status: whether the user can sign in.
        roles: current roles, AUTHENTICATED first.
        providers: names of the providers that the user has signed in with.
        email_verified: whether a trusted provider has verified that the address belongs to the
          user.
        created_at: creation time.
        updated_at: time of the latest change.
        last_signed_in_at: time of the latest sign-in.
        version: number of the latest change; send it as `expectedVersion` to refuse a change of a
          newer version.
    """

    id: strawberry.ID
    email: str
    name: str
    picture_url: str | None
    status: UserStatus
    roles: list[Role]
    providers: list[str]
    email_verified: bool
    created_at: datetime
    updated_at: datetime
    last_signed_in_at: datetime | None
    version: int
    key: strawberry.Private[UUID]
    place: strawberry.Private[datetime | str | None] = None
    known_identities: strawberry.Private[list[Identity] | None] = None

    @strawberry.field
    async def grants(self, info: Info) -> list[RoleGrant]:
        """Current roles, with who granted them, when, why and until when."""
        return await info.context.loaders.grants.load(self.key)

    @known_as("known_identities")
    @needs_scope(Scope.READ)
    async def identities(self, info: Info) -> list[Identity]:
        """Accounts of this user at sign-in providers."""
        info.context.viewer.must_read()
        if self.known_identities is not None:
            return self.known_identities
        return await info.context.loaders.identities.load(self.key)

    @strawberry.field
    @needs_scope(Scope.READ)
    async def sessions(
        self, info: Info
    ) -> list[Annotated["Session", strawberry.lazy("aiwebengine.sessions.types")]]:
        """Active sessions of this user, newest first."""
        info.context.viewer.must_read()
        return await info.context.loaders.sessions.load(self.key)

    @strawberry.field
    @needs_scope(Scope.READ)
    async def api_tokens(
        self, info: Info
    ) -> list[Annotated["ApiToken", strawberry.lazy("aiwebengine.sessions.types")]]:
        """API tokens of this user that are not revoked, newest first."""
        info.context.viewer.must_read()
        return await info.context.loaders.api_tokens.load(self.key)


@strawberry.type
class RoleInfo:
    """A role and its number of holders.

    Attributes:
        role: the role.
        description: what it allows.
        user_count: number of holders, including suspended and invited users.
        active_user_count: number of holders who can sign in now.
    """

    role: Role
    description: str
    user_count: int
    active_user_count: int


@strawberry.type
class UserTrendPoint:
    """Numbers of users at the end of one day (UTC).

    Attributes:
        day: the day.
        total: all users.
        administrators: holders of the role Administrator.
        editors: holders of the role Editor.
    """

    day: date
    total: int
    administrators: int
    editors: int


@strawberry.type
class UserStats:
    """Numbers of users.

    Attributes:
        total: all users.
        administrators: holders of the role Administrator.
        editors: holders of the role Editor.
        suspended: suspended users.
        invited: users who were invited and have not signed in.
        new_in_24_hours: users created in the last 24 hours.
        new_in_30_days: users created in the last 30 days.
        trend: the last 30 days, oldest first.
    """

    total: int
    administrators: int
    editors: int
    suspended: int
    invited: int
    new_in_24_hours: int = strawberry.field(name="newIn24Hours")
    new_in_30_days: int = strawberry.field(name="newIn30Days")
    trend: list[UserTrendPoint]


@strawberry.type
class UserChange:
    """A change to a user, sent to subscribers.

    Attributes:
        kind: what changed.
        user_id: id of the user.
        user: the user after the change; null when deleted.
        event: the audit event.
    """

    kind: UserChangeKind
    user_id: strawberry.ID
    user: User | None
    event: Annotated["AuditEvent", strawberry.lazy("aiwebengine.audit.types")]


@dataclass(frozen=True)
class Admission:
    """Who may sign up, and who becomes administrator at the first sign-in.

    Domains and addresses are keys as `core.addresses` writes them.
    """

    allow_sign_up: bool = True
    allowed_domains: frozenset[str] = frozenset()
    bootstrap_admins: frozenset[str] = frozenset()
