"""GraphQL operations about the title of scripts and where their pages are served."""

import strawberry

from aiwebengine.core.identity import Role, Scope
from aiwebengine.core.rights import needs
from aiwebengine.graphql.context import Info
from aiwebengine.scripts.graphql_types import ScriptPayload
from aiwebengine.scripts.rights import EDITORS
from aiwebengine.scripts.types import PageMode


@strawberry.input
class BindScriptHostInput:
    """Host for a script.

    Attributes:
        slug: the script.
        host: name of the host, such as `shop.example.org`; null for the engine's own.
    """

    slug: str
    host: str | None = None


@strawberry.input
class SetScriptPageModeInput:
    """Page mode of a script.

    Attributes:
        slug: the script.
        page_mode: how browsers treat its pages.
    """

    slug: str
    page_mode: PageMode


@strawberry.input
class SetScriptTitleInput:
    """Title of a script.

    Attributes:
        slug: the script.
        title: its name for people; empty for none.
    """

    slug: str
    title: str


@strawberry.mutation
@needs(EDITORS, Scope.SCRIPTS_WRITE)
async def set_script_title(info: Info, input: SetScriptTitleInput) -> ScriptPayload:
    """Set the title of a script.

    Args:
        input: the script and the title.
    """
    scripts = info.context.services.scripts
    return ScriptPayload(
        script=await scripts.set_title(info.context.viewer, input.slug, input.title)
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.SCRIPTS_WRITE)
async def bind_script_host(info: Info, input: BindScriptHostInput) -> ScriptPayload:
    """Serve a script on a host of its own, or on the engine's.

    Args:
        input: the script and the host.
    """
    scripts = info.context.services.scripts
    return ScriptPayload(
        script=await scripts.bind_host(info.context.viewer, input.slug, input.host)
    )


@strawberry.mutation
@needs(Role.ADMINISTRATOR, Scope.SCRIPTS_WRITE)
async def set_script_page_mode(info: Info, input: SetScriptPageModeInput) -> ScriptPayload:
    """Set how browsers treat the pages of a script. CONFLICT for full pages on the engine's host.

    Args:
        input: the script and the mode.
    """
    scripts = info.context.services.scripts
    return ScriptPayload(
        script=await scripts.set_page_mode(info.context.viewer, input.slug, input.page_mode)
    )


mutations = [set_script_title, bind_script_host, set_script_page_mode]
