"""GraphQL operations on the values of scripts."""

from datetime import datetime
from uuid import UUID

import strawberry

from aiwebengine.core.errors import BadUserInput
from aiwebengine.core.identity import Scope
from aiwebengine.core.rights import needs
from aiwebengine.core.scalars import BigInt
from aiwebengine.graphql.connection import Connection, connect, page_size
from aiwebengine.graphql.context import Info
from aiwebengine.script_values.people_store import Holder, Listed
from aiwebengine.script_values.types import StoredValue
from aiwebengine.scripts.rights import EDITORS

LIST = "scriptValues"
HOLDERS = "scriptValueHolders"


@strawberry.type
class ScriptValue:
    """A value that a script keeps by key.

    Attributes:
        key: its key.
        json: its content, JSON.
        version: its version, which changes with every write.
        expires_at: when it expires; null if never.
    """

    key: str
    json: str
    version: BigInt
    expires_at: datetime | None

    @classmethod
    def of(cls, value: StoredValue) -> "ScriptValue":
        """The same for GraphQL."""
        return cls(
            key=value.key,
            json=value.value,
            version=BigInt(value.version),
            expires_at=value.expires_at,
        )


@strawberry.type
class ScriptValueSummary:
    """A value in a list.

    Attributes:
        key: its key.
        beginning: the first 200 characters of its content, JSON.
        is_shortened: whether there is more.
        size: bytes of key and content together.
        version: its version, which changes with every write.
        expires_at: when it expires; null if never.
        updated_at: when it was written last.
    """

    key: str
    beginning: str
    is_shortened: bool
    size: int
    version: BigInt
    expires_at: datetime | None
    updated_at: datetime

    @classmethod
    def of(cls, value: Listed) -> "ScriptValueSummary":
        """The same for GraphQL."""
        return cls(**{**vars(value), "version": BigInt(value.version)})


@strawberry.type
class ScriptValueHolder:
    """A user who has values in a script.

    Attributes:
        user_id: ID of the user.
        email: address of the user.
        name: name of the user.
        keys: number of the user's values.
        bytes: bytes of these keys and values together.
    """

    user_id: strawberry.ID
    email: str
    name: str
    keys: int
    bytes: BigInt

    @classmethod
    def of(cls, holder: Holder) -> "ScriptValueHolder":
        """The same for GraphQL."""
        return cls(
            user_id=strawberry.ID(str(holder.user_id)),
            email=holder.email,
            name=holder.name,
            keys=holder.keys,
            bytes=BigInt(holder.bytes),
        )


@strawberry.input
class SetScriptValueInput:
    """Value to set.

    Attributes:
        slug: the script.
        key: its key; at most 500 characters.
        json: its content, JSON; at most 1,000,000 bytes.
        version: the version that it replaces; 0 where there is no value. CONFLICT for another one.
        user_id: the user whose value it is; null for a value of the script itself.
        ttl_seconds: seconds until it expires; 0: never. Null: as the value that it replaces.
    """

    slug: str
    key: str
    json: str
    version: BigInt
    user_id: strawberry.ID | None = None
    ttl_seconds: float | None = None


@strawberry.input
class DeleteScriptValueInput:
    """Value to delete.

    Attributes:
        slug: the script.
        key: its key.
        version: its version. CONFLICT for another one.
        user_id: the user whose value it is; null for a value of the script itself.
    """

    slug: str
    key: str
    version: BigInt
    user_id: strawberry.ID | None = None


@strawberry.type
class ScriptValuePayload:
    """A value that was set.

    Attributes:
        value: the value after the change.
    """

    value: ScriptValue


@strawberry.type
class DeletedScriptValuePayload:
    """A value that was deleted.

    Attributes:
        key: its key.
    """

    key: str


@strawberry.field
@needs(EDITORS)
async def script_values(
    info: Info,
    slug: str,
    user_id: strawberry.ID | None = None,
    prefix: str = "",
    first: int = 50,
    after: str | None = None,
) -> Connection[ScriptValueSummary]:
    """Values that a script keeps by key, in the order of the keys. For its owners and
    administrators.

    Args:
        slug: the script.
        user_id: values of this user; null for those of the script itself.
        prefix: the beginning of the keys.
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
    """
    viewer, service = info.context.viewer, info.context.services.owned_values
    cursors, user = info.context.cursors, _user(user_id)
    first, bound = page_size(first), repr((slug, user, prefix))
    key = _key_of(cursors.decode(LIST, bound, after))
    found = await service.page(viewer, slug, user, prefix, key, first)
    return connect(
        [ScriptValueSummary.of(one) for one in found],
        first,
        after=after,
        cursor=lambda one: cursors.encode(LIST, bound, (one.key,)),
        count=lambda: service.count(viewer, slug, user, prefix),
    )


@strawberry.field
@needs(EDITORS)
async def script_value(
    info: Info, slug: str, key: str, user_id: strawberry.ID | None = None
) -> ScriptValue | None:
    """One value of a script; null when there is none. For its owners and administrators.

    Args:
        slug: the script.
        key: its key.
        user_id: the user whose value it is; null for a value of the script itself.
    """
    service = info.context.services.owned_values
    found = await service.find(info.context.viewer, slug, _user(user_id), key)
    return None if found is None else ScriptValue.of(found)


@strawberry.field
@needs(EDITORS)
async def script_value_holders(
    info: Info, slug: str, first: int = 50, after: str | None = None
) -> Connection[ScriptValueHolder]:
    """Users who have values in a script, in the order of their IDs. For its owners and
    administrators.

    Args:
        slug: the script.
        first: maximum number of items, 1 to 200.
        after: the `endCursor` of the previous page.
    """
    viewer, service = info.context.viewer, info.context.services.owned_values
    cursors, first = info.context.cursors, page_size(first)
    user = _user_of(cursors.decode(HOLDERS, slug, after))
    found = await service.holders(viewer, slug, user, first)
    return connect(
        [ScriptValueHolder.of(one) for one in found],
        first,
        after=after,
        cursor=lambda one: cursors.encode(HOLDERS, slug, (UUID(one.user_id),)),
        count=lambda: service.count_holders(viewer, slug),
    )


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def set_script_value(info: Info, input: SetScriptValueInput) -> ScriptValuePayload:
    """Set a value of a script. Fails with CONFLICT if it was changed meanwhile.

    Args:
        input: the value.
    """
    found = await info.context.services.owned_values.set(
        info.context.viewer,
        input.slug,
        _user(input.user_id),
        input.key,
        input.json,
        input.version,
        input.ttl_seconds,
    )
    return ScriptValuePayload(value=ScriptValue.of(found))


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def delete_script_value(
    info: Info, input: DeleteScriptValueInput
) -> DeletedScriptValuePayload:
    """Delete a value of a script. Fails with CONFLICT if it was changed meanwhile.

    Args:
        input: the value.
    """
    await info.context.services.owned_values.delete(
        info.context.viewer, input.slug, _user(input.user_id), input.key, input.version
    )
    return DeletedScriptValuePayload(key=input.key)


def _user(text: strawberry.ID | None) -> UUID | None:
    if text is None:
        return None
    try:
        found = UUID(text)
    except ValueError:
        raise BadUserInput(f"userId: found {text[:40]!r}; allowed: the ID of a user.") from None
    if found.int == 0:
        raise BadUserInput("userId: found zeros; allowed: the ID of a user, or null.")
    return found


def _key_of(decoded: tuple[object, ...] | None) -> str | None:
    match decoded:
        case None:
            return None
        case (str() as key,):
            return key
    raise BadUserInput("`after` is not a cursor of this list.")


def _user_of(decoded: tuple[object, ...] | None) -> UUID | None:
    match decoded:
        case None:
            return None
        case (UUID() as user_id,):
            return user_id
    raise BadUserInput("`after` is not a cursor of this list.")


queries = [script_values, script_value, script_value_holders]
mutations = [set_script_value, delete_script_value]
