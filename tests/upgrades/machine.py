"""A server on which somebody follows a page, line by line: two engines under systemd."""

from __future__ import annotations

import re
import shlex
from contextlib import ExitStack
from pathlib import Path

from tests.conftest import free_port
from tests.upgrades.previous_version import unpacked
from tests.upgrades.running import ROOT, Program, until_healthy

from aiwebengine import __version__

PAGE = ROOT / "docs" / "updates.md"
# As production has it: see config.production.toml.
PRODUCTION = {"APP_REPOSITORY__APPLY_MIGRATIONS_AT_START": "false"}


def steps(heading: str) -> list[str]:
    """The commands below a heading of the page, up to the next heading."""
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ )", PAGE.read_text(), re.M | re.S)
    assert section is not None, heading
    return "".join(re.findall(r"```bash\n(.*?)```", section[1], re.S)).splitlines()


class Machine:
    """Begins with the version before; two engines of it run."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._folder = folder
        old = unpacked(folder / "old")
        new = Program(ROOT / "server", folder / "new", PRODUCTION)
        new.home.mkdir()
        self.versions = {
            "v0.1.0": Program(old.folder, old.home, PRODUCTION),
            f"v{__version__}": new,
        }
        self._ports = {"3000": free_port(), "3001": free_port()}
        self._checkout = self.installed = self._noted = self.versions["v0.1.0"]
        self._running: dict[str, ExitStack] = {}
        self.names: dict[str, str] = {}

    def base(self, port: str) -> str:
        """Where the engine answers that the page has at this port."""
        return f"http://localhost:{self._ports[port]}"

    def follow(self, heading: str) -> dict[str, str]:
        """Do what the page says below this heading; what each command of ours printed."""
        return {line: self.do(line) for line in steps(heading)}

    def do(self, line: str) -> str:
        """Do one line of the page."""
        for port in self._ports:
            line = line.replace(f"localhost:{port}", f"localhost:{self._ports[port]}")
        told = ""
        for part in line.split(" && "):
            match shlex.split(part):
                case ["git", "rev-parse", "HEAD"]:
                    self._noted = self._checkout
                case ["git", "pull"]:
                    self._checkout = self.versions[f"v{__version__}"]
                case ["git", "checkout", "REVISION"]:
                    self._checkout = self._noted
                case ["make", "install-system"]:
                    self.installed = self._checkout
                case ["systemctl", verb, *units]:
                    for unit in units:
                        self._systemctl(verb, unit.removeprefix("aiwebengine@"))
                case ["aiwebengine", "upgrade", *rest]:
                    told = self.installed.command(self.url, "upgrade", *rest, code=3)
                case ["aiwebengine", *rest]:
                    words = [self.names.get(word, word) for word in rest]
                    told = self.installed.command(self.url, *words)
                case _:
                    raise AssertionError(f"the page has a line that nobody tries: {line}")
        return told

    def start(self) -> None:
        """Start both engines."""
        for port in self._ports:
            self._systemctl("start", port)

    def stop(self) -> None:
        """Stop whatever runs."""
        for port in list(self._running):
            self._systemctl("stop", port)

    def _systemctl(self, verb: str, port: str) -> None:
        if verb in ("stop", "restart"):
            self._running.pop(port).close()
        if verb in ("start", "restart"):
            output = self._folder / f"output-{port}-{len(list(self._folder.iterdir()))}"
            stack = ExitStack()
            serving = self.installed.serving(self.url, self._ports[port], output)
            until_healthy(stack.enter_context(serving))
            self._running[port] = stack
