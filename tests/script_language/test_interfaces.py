"""Type checks and formatting through GraphQL."""

import pytest
from tests.script_language.conftest import LIB, MAIN

from aiwebengine.core.identity import Role

CHECK = """
mutation Check($input: CheckScriptTypesInput!) {
  checkScriptTypes(input: $input) {
    diagnostics { severity message file line column }
    problem milliseconds
  }
}
"""
FORMAT = """
mutation Format($input: FormatScriptFileInput!) {
  formatScriptFile(input: $input) { text diagnostic { message line column } }
}
"""
SAVE = """
mutation Save($files: [ScriptFileInput!]!) {
  saveScript(input: { slug: "shop", files: $files }) { changed }
}
"""
FILES = [{"path": "main.ts", "text": MAIN}, {"path": "lib/numbers.ts", "text": LIB}]
WRONG = [{"path": "main.ts", "text": 'export const routes: Routes = {};\nconst a: 1 = "";\n'}]


@pytest.fixture
async def shop(ask, edith):
    await ask(edith, 'mutation { createScript(input: {slug: "shop"}) { script { slug } } }')
    return edith


async def test_files_and_versions(ask, shop):
    async def checked(**input):
        return (await ask(shop, CHECK, input={"slug": "shop", **input}))["data"]["checkScriptTypes"]

    before = await ask(shop, CHECK, input={"slug": "shop"})
    right = await checked(files=FILES)
    wrong = await checked(files=WRONG)
    await ask(shop, SAVE, files=WRONG)
    await ask(shop, SAVE, files=FILES)
    newest, first = await checked(), await checked(version=1)

    assert before["errors"][0]["extensions"]["code"] == "CONFLICT"
    assert right["diagnostics"] == newest["diagnostics"] == []
    assert right["milliseconds"] > 0
    assert (
        wrong["diagnostics"]
        == first["diagnostics"]
        == [
            {
                "severity": "WARNING",
                "message": "Type '\"\"' is not assignable to type '1'. (TS2322)",
                "file": "main.ts",
                "line": 2,
                "column": 7,
            }
        ]
    )


async def test_only_owners_and_administrators_check(ask, shop, alan, ada, add_person):
    emma = await add_person("emma", Role.EDITOR)

    async def code(viewer):
        body = await ask(viewer, CHECK, input={"slug": "shop", "files": FILES})
        return body["errors"][0]["extensions"]["code"] if "errors" in body else None

    assert [await code(one) for one in (alan, emma, ada)] == ["FORBIDDEN", "FORBIDDEN", None]


async def test_formatting(ask, shop):
    right = await ask(shop, FORMAT, input={"path": "a.ts", "text": "const  a=1"})
    wrong = await ask(shop, FORMAT, input={"path": "a.ts", "text": "const  a=;"})

    assert right["data"]["formatScriptFile"] == {"text": "const a = 1;\n", "diagnostic": None}
    assert wrong["data"]["formatScriptFile"]["diagnostic"] == {
        "message": "Expression expected",
        "line": 1,
        "column": 10,
    }
