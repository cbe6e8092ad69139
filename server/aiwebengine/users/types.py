"""The nouns of this room."""

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
    """Whether somebody can sign in.

    Attributes:
        ACTIVE: can sign in.
        INVITED: has been invited and has not signed in yet.
        SUSPENDED: is turned away; roles are kept but do not count.
    """

    ACTIVE = "active"
    INVITED = "invited"
    SUSPENDED = "suspended"


@strawberry.enum
class UserOrderField(enum.Enum):
    """What a list of users can be ordered by.

    Attributes:
        CREATED_AT: when the user came to be.
        NAME: the display name, without regard to case.
        EMAIL: the address, without regard to case.
    """

    CREATED_AT = "created_at"
    NAME = "name"
    EMAIL = "email"


@strawberry.enum
class OrderDirection(enum.Enum):
    """Which way a list runs.

    Attributes:
        ASC: smallest or oldest first.
        DESC: largest or newest first.
    """

    ASC = "asc"
    DESC = "desc"


@strawberry.input
class UserOrder:
    """The order of a list of users.

    Attributes:
        field: what to order by.
        direction: which way.
    """

    field: UserOrderField = UserOrderField.CREATED_AT
    direction: OrderDirection = OrderDirection.DESC


@strawberry.enum
class UserChangeKind(enum.Enum):
    """What changed about a user.

    Attributes:
        CREATED: the user came to be.
        ROLES: a role was granted, revoked or ended.
        STATUS: the user was suspended or reinstated.
        PROFILE: the user has another name.
        ACCESS: a session, a token or an identity came or went.
        DELETED: the user is gone.
    """

    CREATED = "created"
    ROLES = "roles"
    STATUS = "status"
    PROFILE = "profile"
    ACCESS = "access"
    DELETED = "deleted"


@dataclass(frozen=True)
class UserFilter:
    """Which users a list shows; None leaves a question open."""

    search: str | None = None
    role: Role | None = None
    provider: str | None = None
    status: UserStatus | None = None


@dataclass(frozen=True)
class Shown:
    """Which attributes of each user on a page are looked at, and of their identities."""

    user: frozenset[str]
    identity: frozenset[str] = frozenset()


@strawberry.type
class RoleGrant:
    """A role that somebody holds, and how that came about.

    Attributes:
        role: the role.
        granted_at: when it was granted.
        granted_by: who granted it: an address, or the command line.
        reason: the reason that was given.
        expires_at: the instant at which it stops counting; null for a lasting grant.
    """

    role: Role
    granted_at: datetime
    granted_by: str
    reason: str | None
    expires_at: datetime | None


@strawberry.type
class Identity:
    """How a sign-in provider knows a user.

    Attributes:
        provider: the provider's name in the configuration.
        subject: the provider's own, lasting name for the person (OpenID Connect `sub`).
        email: the address that the provider told.
        email_verified: whether the provider said at the last sign-in that it checked the address.
        created_at: when it was first used here.
        last_used_at: when it was last used here.
    """

    provider: str
    subject: str
    email: str | None
    email_verified: bool
    created_at: datetime
    last_used_at: datetime | None


@strawberry.type
class User:
    """Somebody who has signed in or was invited.

    Attributes:
        id: a lasting name that never changes and is never used again.
        email: the address.
        name: the display name; may be empty.
        picture_url: a picture, when a provider told of one.
        status: whether the user can sign in.
        roles: the roles that count now, AUTHENTICATED first.
        providers: the names of the providers that the user has signed in with.
        email_verified: whether a provider that vouches for addresses has proved that the address
          is the user's.
        created_at: when the user came to be.
        updated_at: when anything here last changed.
        last_signed_in_at: when the user last signed in.
        version: counts the changes; send it back as `expectedVersion` to change only what you saw.
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
        """The roles that count now, with who granted them, when, why and until when."""
        return await info.context.loaders.grants.load(self.key)

    @known_as("known_identities")
    @needs_scope(Scope.READ)
    async def identities(self, info: Info) -> list[Identity]:
        """How sign-in providers know this user."""
        info.context.viewer.must_read()
        if self.known_identities is not None:
            return self.known_identities
        return await info.context.loaders.identities.load(self.key)

    @strawberry.field
    @needs_scope(Scope.READ)
    async def sessions(
        self, info: Info
    ) -> list[Annotated["Session", strawberry.lazy("aiwebengine.sessions.types")]]:
        """The user's live sessions, newest first."""
        info.context.viewer.must_read()
        return await info.context.loaders.sessions.load(self.key)

    @strawberry.field
    @needs_scope(Scope.READ)
    async def api_tokens(
        self, info: Info
    ) -> list[Annotated["ApiToken", strawberry.lazy("aiwebengine.sessions.types")]]:
        """The user's API tokens that are not revoked, newest first."""
        info.context.viewer.must_read()
        return await info.context.loaders.api_tokens.load(self.key)


@strawberry.type
class RoleInfo:
    """A role and how many hold it.

    Attributes:
        role: the role.
        description: what it allows.
        user_count: how many users hold it, suspended and invited ones included.
        active_user_count: how many of these can sign in now.
    """

    role: Role
    description: str
    user_count: int
    active_user_count: int


@strawberry.type
class UserTrendPoint:
    """How many there were at the end of one day (UTC).

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
    """How many users there are.

    Attributes:
        total: all of them.
        administrators: holders of the role Administrator.
        editors: holders of the role Editor.
        suspended: those turned away.
        invited: those who were invited and have not signed in.
        new_in_24_hours: those who came in the last 24 hours.
        new_in_30_days: those who came in the last 30 days.
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
    """A change to a user, told to whoever follows.

    Attributes:
        kind: what changed.
        user_id: whose.
        user: the user as it is now; null once it is gone.
        event: the event in the audit trail.
    """

    kind: UserChangeKind
    user_id: strawberry.ID
    user: User | None
    event: Annotated["AuditEvent", strawberry.lazy("aiwebengine.audit.types")]


@dataclass(frozen=True)
class Admission:
    """Who may come in for the first time, and who becomes administrator by it.

    Domains and addresses are keys as `users.addresses` writes them.
    """

    allow_sign_up: bool = True
    allowed_domains: frozenset[str] = frozenset()
    bootstrap_admins: frozenset[str] = frozenset()
