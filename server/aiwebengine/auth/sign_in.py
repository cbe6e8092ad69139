"""Sign-in with one-time links and with providers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from aiwebengine.audit.denials import Denials
from aiwebengine.audit.service import AuditTrail
from aiwebengine.audit.types import AuditAction, Target
from aiwebengine.auth import sign_in_store
from aiwebengine.auth.types import Attempt, SignInRefused
from aiwebengine.core.config_providers import LINK
from aiwebengine.core.errors import Forbidden, NotFound, Unauthenticated
from aiwebengine.core.identity import ActorKind, Profile, Role, Scope, Viewer
from aiwebengine.core.untrusted_text import on_one_line
from aiwebengine.database import Database
from aiwebengine.sessions import secrets
from aiwebengine.sessions.service import Sessions
from aiwebengine.sessions.types import SignedIn
from aiwebengine.users.provisioning import Provisioning
from aiwebengine.users.service import Users
from aiwebengine.users.types import UserStatus

if TYPE_CHECKING:
    from aiwebengine.auth.sign_in_provider import SignInProvider

LINK_LASTS_SECS = 15 * 60
ATTEMPT_LASTS_SECS = 10 * 60
NOT_BEGUN = "The browser did not start this sign-in, or it has expired."
NOT_PROVEN = "The provider did not identify the person."


class SignIn:
    """Creates sessions from one-time links and the answers of providers.

    *noticed* is called with the provider of each attempt (`link` for a link) and its success.
    """

    def __init__(
        self,
        db: Database,
        audit: AuditTrail,
        users: Users,
        arrivals: Provisioning,
        sessions: Sessions,
        refusals: Denials,
        providers: Mapping[str, SignInProvider],
        noticed: Callable[[str, bool], None] = lambda *_: None,
    ) -> None:
        self._db = db
        self._audit = audit
        self._users = users
        self._arrivals = arrivals
        self._sessions = sessions
        self._refusals = refusals
        self.providers = providers
        self._noticed = noticed

    async def first_link(self, email: str) -> str | None:
        """The secret of a link for the first administrator; None after an administrator signed in.

        Earlier links stop working.
        """
        async with self._db.transaction():
            await sign_in_store.remove_first_links(self._db)
            if await self._users.an_administrator_has_signed_in():
                return None
            secret = secrets.new_secret()
            await sign_in_store.add_link(
                self._db, secrets.digest(secret), email, True, LINK_LASTS_SECS
            )
        return secret

    async def link_for(self, viewer: Viewer, email: str) -> str:
        """The secret of a sign-in link for an existing user.

        Raises Forbidden, NotFound.
        """
        viewer.must_be(Role.ADMINISTRATOR, Scope.USERS_WRITE)
        if not viewer.is_trusted:
            raise Forbidden("Sign-in links can be created on the command line of the machine only.")
        user = await self._users.find_by_email(viewer, email)
        if user.status is UserStatus.SUSPENDED:
            raise Forbidden(f"{user.email} is suspended. Reinstate the user first.")
        secret = secrets.new_secret()
        async with self._db.transaction():
            await sign_in_store.add_link(
                self._db, secrets.digest(secret), user.email, False, LINK_LASTS_SECS
            )
            await self._audit.record(
                viewer,
                AuditAction.SIGN_IN_LINK_CREATED,
                Target("user", user.key, user.email),
            )
        return secret

    async def by_link(self, viewer: Viewer, secret: str) -> SignedIn:
        """Use a link and create a session.

        Raises Unauthenticated when the link is unknown, used or expired, Forbidden when its user
        is suspended.
        """
        try:
            async with self._db.transaction():
                begun = await self._use_link(viewer, secret)
        except (Unauthenticated, Forbidden, NotFound):
            self._noticed(LINK, False)
            raise
        self._noticed(LINK, True)
        return begun

    async def start(
        self,
        name: str,
        browser: str,
        redirect: str,
        redirect_uri: str,
        again_as: UUID | None = None,
    ) -> str:
        """Start a sign-in with the provider *name*; return the address for the browser.

        *browser* is a secret that only this browser has; *redirect* is the path to open afterwards.
        *again_as* is the signed-in user who has to sign in again. Raises NotFound, SignInRefused.
        """
        provider = self._provider(name)
        state = secrets.new_secret()
        attempt = Attempt(name, secrets.new_secret(), secrets.new_secret(), redirect, again_as)
        address = await provider.address(attempt, state, redirect_uri)
        await sign_in_store.add_attempt(
            self._db,
            secrets.digest(state),
            secrets.digest(browser),
            attempt,
            ATTEMPT_LASTS_SECS,
        )
        return address

    async def resume(
        self, viewer: Viewer, name: str, browser: str, answer: Mapping[str, str]
    ) -> Attempt:
        """The sign-in with *name* that this browser started under the answer's state; used once.

        Raises NotFound, SignInRefused.
        """
        provider = self._provider(name)
        async with self._failure_noted(viewer, name, NOT_BEGUN):
            attempt = await sign_in_store.use_attempt(
                self._db, secrets.digest(answer.get("state", "")), secrets.digest(browser), name
            )
            if attempt is None:
                if "error" in answer:
                    # Some providers omit the state in a refusal; its reason still helps.
                    _must_bring_a_code(provider, answer)
                raise SignInRefused(
                    "This sign-in was not started in this browser, or it has expired. Try again."
                )
            return attempt

    async def finished(self, name: str, answer: Mapping[str, str]) -> str | None:
        """The redirect of a sign-in whose answer was used before; None when it was not.

        The Back button of a browser repeats such an answer.
        """
        if "error" in answer or name not in self.providers:
            return None
        return await sign_in_store.used_attempt(
            self._db, secrets.digest(answer.get("state", "")), name
        )

    async def complete(
        self,
        viewer: Viewer,
        replaced: Viewer,
        attempt: Attempt,
        answer: Mapping[str, str],
        redirect_uri: str,
    ) -> SignedIn:
        """Create a session from the answer of a provider.

        *answer* has the parameters of RFC 6749 section 4.1.2. A user who signs in again has to be
        the same as before. *replaced* is the viewer of the browser's current session: if the
        provider does not report when the person signed in, the new session of the same user counts
        as no more recent than that one. A failure is recorded and changes nothing. Raises NotFound,
        SignInRefused, Forbidden.
        """
        provider = self._provider(attempt.provider)
        async with self._failure_noted(viewer, attempt.provider, NOT_PROVEN):
            await provider.must_have_answered(answer)
            _must_bring_a_code(provider, answer)
            proof = await provider.proof(attempt, answer, redirect_uri)
        async with (
            self._failure_noted(viewer, attempt.provider, NOT_PROVEN, proof.profile),
            self._db.transaction(),
        ):
            user = await self._arrivals.provision(viewer, proof.profile)
            if attempt.again_as not in (None, user.key):
                raise SignInRefused(
                    f"You signed in with {provider.label} as {user.email}, which is another"
                    " user than the one who is signed in here. Sign in again as the same user,"
                    " or sign out first."
                )
            at = proof.authenticated_at
            if at is None and attempt.again_as is None and replaced.id == user.key:
                at = await self._sessions.authenticated_at(replaced)
            begun = await self._sessions.begin(viewer, user.key, user.email, attempt.provider, at)
        self._noticed(attempt.provider, True)
        return begun

    async def end_elsewhere(self, name: str, return_to: str) -> tuple[str, str] | None:
        """The label of the provider *name* and the address that ends the session there, or None."""
        provider = self.providers.get(name)
        address = None if provider is None else await provider.logout_address(return_to)
        return None if provider is None or address is None else (provider.label, address)

    async def _use_link(self, viewer: Viewer, secret: str) -> SignedIn:
        found = await sign_in_store.use_link(self._db, secrets.digest(secret))
        if found is None:
            raise Unauthenticated(
                "This sign-in link is not valid: it works once and for 15 minutes."
            )
        email, makes_administrator = found
        if makes_administrator:
            user_id = await self._arrivals.provision_first_administrator(_bearer(viewer), email)
        else:
            user_id = (await self._users.find_by_email(_bearer(viewer), email)).key
        user = await self._users.signed_in(user_id)
        return await self._sessions.begin(viewer, user.key, user.email, LINK)

    @asynccontextmanager
    async def _failure_noted(
        self, viewer: Viewer, name: str, cause: str, person: Profile | None = None
    ) -> AsyncIterator[None]:
        try:
            yield
        except (Unauthenticated, Forbidden) as refused:
            self._noticed(name, False)
            await self._refusals.note_failed_sign_in(viewer, name, cause, refused, person)
            raise

    def _provider(self, name: str) -> SignInProvider:
        provider = self.providers.get(name)
        if provider is None:
            raise NotFound(f"There is no sign-in provider {name[:40]!r}.")
        return provider


def _must_bring_a_code(provider: SignInProvider, answer: Mapping[str, str]) -> None:
    """Raise SignInRefused when the provider refused (RFC 6749 section 4.1.2.1)."""
    error = answer.get("error")
    if error in ("access_denied", "user_cancelled_authorize", "user_cancelled_login"):
        raise SignInRefused(f"The sign-in with {provider.label} was cancelled.")
    if error in ("temporarily_unavailable", "server_error"):
        raise SignInRefused(f"{provider.label} is temporarily unavailable. Try again later.")
    if error or not answer.get("code"):
        reason = on_one_line((error or "no code")[:60])
        raise SignInRefused(f"{provider.label} refused the sign-in ({reason}).")


def _bearer(viewer: Viewer) -> Viewer:
    """The viewer of a link: it acts with the rights of the operator who created it."""
    return Viewer(ActorKind.OPERATOR, "sign-in link", viewer.origin)
