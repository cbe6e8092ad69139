"""`python -m reference`: write docs/reference/ and the generated parts of other pages."""

from __future__ import annotations

import sys

from aiwebengine.core.rights import UndeclaredRights


def main() -> None:
    """Write every page that differs, and remove pages that are no longer generated."""
    # The pages load the schema, which refuses an operation that declares no rights.
    try:
        from reference import parts, scripts
        from reference.pages import FOLDER, PAGES
    except UndeclaredRights as error:
        sys.exit(f"reference: {error}")
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.md"):
        if path.name not in PAGES:
            path.unlink()
    for name, text in PAGES.items():
        path, made = FOLDER / name, text()
        if not path.exists() or path.read_text(encoding="utf-8") != made:
            path.write_text(made, encoding="utf-8")
            print(f"docs/reference/{name}")
    parts.write()
    scripts.write()


if __name__ == "__main__":
    main()
