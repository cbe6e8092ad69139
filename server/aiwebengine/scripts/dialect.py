"""Finds the dialect of a version by what its entry file exports.

`export default`, or an export that declares something, such as `routes` or `tools`, makes it a
module; anything else is classic.
Comments, strings and regular expressions do not count.
"""

from __future__ import annotations

import re

from aiwebengine.scripts.types import Dialect

# A regular expression stands where no value ends before it. Its length is limited because each `=/`
# begins a search for the end of one.
_TOKEN = re.compile(
    r"""
    (?P<skipped>
      //[^\n]* | /\*.*?(?:\*/|\Z)
      | "(?:[^"\\\n]|\\.)*(?:"|(?=\n)|\Z) | '(?:[^'\\\n]|\\.)*(?:'|(?=\n)|\Z)
      | (?:(?<=[=(,:\[!&|?{};+])|(?<=return))[ \t]{0,20}/(?![*/>])
        (?:[^/\\\[\n]|\\.|\[(?:[^\]\\\n]|\\.){0,200}\]){1,200}/[a-z]*
    )
    | [`{}]
    """,
    re.VERBOSE | re.DOTALL,
)
_TEMPLATE_TOKEN = re.compile(r"\\.|`|\$\{", re.DOTALL)
# Exports that only the module form has. See features.js.
_DECLARING = "routes|assets|streams|sockets|schedules|messages|graphql|tools|prompts|resources"
_EXPORT = re.compile(
    rf"""
    (?:^|(?<=[;}}\n]))[ \t]*export\s{{0,100}}
    (?: \bdefault\b
      | \b(?:const|let|var|async\s{{1,100}}function|function)\b[\s*]{{1,100}}(?:{_DECLARING})\b
      | \{{[^}}]{{0,5000}}?(?<![\w$])(?:{_DECLARING}|default)\s{{0,100}}[,}}]
    )
    """,
    re.VERBOSE,
)


def dialect_of(source: str) -> Dialect:
    """The dialect of a version whose entry file is *source*."""
    return Dialect.MODULE if _EXPORT.search(code_of(source)) else Dialect.CLASSIC


def code_of(source: str) -> str:
    """The source without comments, strings, templates and regular expressions."""
    code, is_complete = _code_of(source, has_templates=True)
    # A backtick without a partner is text, as in an element of JSX.
    return code if is_complete else _code_of(source, has_templates=False)[0]


def _code_of(source: str, *, has_templates: bool) -> tuple[str, bool]:
    """The code, and whether each template has an end."""
    kept: list[str] = []
    # Of each template that is open: how many braces are open in the expression that is read.
    open_braces: list[int] = []
    at = 0
    while (token := _TOKEN.search(source, at)) is not None:
        if not open_braces:
            kept.append(source[at : token.start()])
        at = token.end()
        text = token[0]
        if token["skipped"] is not None:
            # Lines stay apart.
            kept.append("\n" if "\n" in text else " ")
        elif text == "`" and has_templates:
            kept.append(" ")
            at = _after_text(source, at, open_braces)
        elif not open_braces:
            kept.append(text)
        elif text == "{":
            open_braces[-1] += 1
        elif text == "}":
            if open_braces[-1]:
                open_braces[-1] -= 1
            else:
                open_braces.pop()
                at = _after_text(source, at, open_braces)
    if not open_braces:
        kept.append(source[at:])
    return "".join(kept), at <= len(source) and not open_braces


def _after_text(source: str, start: int, open_braces: list[int]) -> int:
    """The end of a template's text: the template's own, or the begin of an expression in it.

    More than the length of the source if there is none.
    """
    at = start
    while (token := _TEMPLATE_TOKEN.search(source, at)) is not None:
        at = token.end()
        if token[0] == "`":
            return at
        if token[0] == "${":
            open_braces.append(0)
            return at
    return len(source) + 1
