"""What a program in Deno can import: the files of its folder, and nothing else.

Deno checks the read permission for `import()` only. A static import of any file of the machine
would succeed, and its content could be read if it is JSON. The import map prevents that, and
imports of Node's modules, which reach standard output. It applies to each import, however it is
written.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

FOLDER = Path(__file__).parent / "javascript"
# What encodeURIComponent leaves: positions.js writes the same addresses.
_UNCHANGED = "/!*'()"

# `node:module`'s builtinModules; tests/runtimes/test_javascript_imports.py compares.
NODE_MODULES = """
    _http_agent _http_common _http_outgoing _http_server _stream_duplex _stream_passthrough
    _stream_readable _stream_transform _stream_writable _tls_common _tls_wrap assert assert/strict
    async_hooks buffer child_process cluster console constants crypto dgram diagnostics_channel dns
    dns/promises domain events fs fs/promises http http2 https inspector inspector/promises module
    net os path path/posix path/win32 perf_hooks process punycode querystring readline
    readline/promises repl sqlite stream stream/consumers stream/promises stream/web string_decoder
    sys test test/reporters timers timers/promises tls trace_events tty url util util/types v8 vm
    wasi worker_threads zlib
""".split()

# What the runtime itself imports.
_OF_RUNTIME = ("async_hooks", "worker_threads")


def start_module(runtime_folder: Path = FOLDER) -> str:
    """The address of the module that Deno starts, as the import map has it."""
    return f"{url_of(runtime_folder)}runtime.js"


def import_map(folder: str, runtime_folder: Path = FOLDER) -> str:
    """The value of `--import-map` for a program in *folder*; both are absolute paths."""
    program, runtime = url_of(Path(folder)), url_of(runtime_folder)
    start = start_module(runtime_folder)
    # The longest prefix counts. Null would block as well, but Deno forgets that: the second import
    # of a module that imports something blocked succeeds. A wrong address stays wrong.
    imports = {"file:///": f"{runtime}refused/", program: program, start: start}
    imports |= {f"node:{name}": _thrower(f"node:{name}") for name in NODE_MODULES}
    of_runtime = {runtime: runtime} | {f"node:{name}": f"node:{name}" for name in _OF_RUNTIME}
    text = json.dumps({"imports": imports, "scopes": {runtime: of_runtime}})
    return "data:application/json," + quote(text)


def _thrower(specifier: str) -> str:
    """The address of a module that throws; loading.js has the same sentence."""
    message = f'"{specifier}" can\'t be imported: only files of the same folder can, as "./name.js"'
    return "data:text/javascript," + quote(f"throw new TypeError({json.dumps(message)})")


def url_of(folder: Path) -> str:
    """The address of a folder, as positions.js writes it, with a slash at its end."""
    return f"file://{quote(str(folder), safe=_UNCHANGED)}/"
