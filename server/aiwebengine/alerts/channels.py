"""Notification channels: webhook and email."""

from __future__ import annotations

import hashlib
import hmac
import time
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from aiwebengine.alerts.messages import Message
from aiwebengine.alerts.types import AlertChannel
from aiwebengine.core.config import Alerts as AlertSettings
from aiwebengine.core.config import Smtp

if TYPE_CHECKING:
    from email.message import EmailMessage

SEND_LIMIT_SECS = 10.0
SIGNATURE_HEADER = "X-Aiwebengine-Signature"
# The second signature covers the time of the attempt, so that a receiver can reject a replayed
# message.
TIMESTAMP_HEADER = "X-Aiwebengine-Timestamp"
TIMED_SIGNATURE_HEADER = "X-Aiwebengine-Timed-Signature"

_PORTS = {"starttls": 587, "tls": 465, "none": 25}


class NotDelivered(Exception):
    """The message was not delivered; the text says why, without secrets."""


class Channel(ABC):
    """A notification channel; *target* names its destination, without secrets."""

    target: str

    @abstractmethod
    async def send(self, message: Message) -> None:
        """Deliver a message. Raises NotDelivered, after SEND_LIMIT_SECS at the latest."""


class Webhook(Channel):
    """Posts JSON, signed with HMAC-SHA256 if a secret is configured."""

    def __init__(self, url: str, secret: str | None) -> None:
        self._url = url
        self._secret = secret
        # The path of many services' URLs is a secret.
        self.target = urlsplit(url).hostname or ""

    async def send(self, message: Message) -> None:
        """See the base class."""
        # Loaded with the first message, as the mail's modules below: most starts send none.
        import httpx2

        headers = {"Content-Type": "application/json", "User-Agent": "aiwebengine"}
        if self._secret:
            now = str(int(time.time()))
            headers[SIGNATURE_HEADER] = self._signature(message.body)
            headers[TIMESTAMP_HEADER] = now
            headers[TIMED_SIGNATURE_HEADER] = self._signature(f"{now}.".encode() + message.body)
        try:
            async with httpx2.AsyncClient(timeout=SEND_LIMIT_SECS) as client:
                answer = await client.post(self._url, content=message.body, headers=headers)
        except httpx2.HTTPError as error:
            raise NotDelivered(f"{self.target}: {str(error) or type(error).__name__}") from None
        if not answer.is_success:
            raise NotDelivered(f"{self.target} answered {answer.status_code}")

    def _signature(self, signed: bytes) -> str:
        digest = hmac.new((self._secret or "").encode(), signed, hashlib.sha256).hexdigest()
        return f"sha256={digest}"


class Email(Channel):
    """Sends plain-text email."""

    def __init__(self, smtp: Smtp, sender: str, recipients: list[str]) -> None:
        self._smtp = smtp
        self._sender = sender
        self._recipients = recipients
        self.target = ", ".join(recipients)

    async def send(self, message: Message) -> None:
        """See the base class."""
        import aiosmtplib

        smtp = self._smtp
        try:
            await aiosmtplib.send(
                self._mail(message),
                hostname=smtp.host,
                port=smtp.port or _PORTS[smtp.encryption],
                username=smtp.username,
                password=smtp.password.get_secret_value() if smtp.password else None,
                use_tls=smtp.encryption == "tls",
                start_tls=smtp.encryption == "starttls",
                timeout=SEND_LIMIT_SECS,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise NotDelivered(f"{smtp.host}: {str(error) or type(error).__name__}") from None

    def _mail(self, message: Message) -> EmailMessage:
        from email.message import EmailMessage
        from email.utils import formatdate, make_msgid

        mail = EmailMessage()
        mail["Subject"] = message.subject
        mail["From"] = self._sender
        mail["To"] = ", ".join(self._recipients)
        mail["Date"] = formatdate()
        mail["Message-ID"] = make_msgid(domain=self._sender.rpartition("@")[2])
        # Suppresses automatic replies (RFC 3834).
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text)
        return mail


def configured(settings: AlertSettings) -> dict[AlertChannel, Channel]:
    """The configured channels."""
    found: dict[AlertChannel, Channel] = {}
    if settings.webhook_url is not None:
        secret = settings.webhook_secret
        found[AlertChannel.WEBHOOK] = Webhook(
            settings.webhook_url.get_secret_value(), secret.get_secret_value() if secret else None
        )
    if settings.email_to and settings.email_from:
        found[AlertChannel.EMAIL] = Email(settings.smtp, settings.email_from, settings.email_to)
    return found
