"""Files of a new version that name a content which a saved version has."""

from hashlib import sha256

from tests.scripts_engine.documents import HELLO, SAVE, main

CREATE = "mutation ($slug: String!) { createScript(input: {slug: $slug}) { script { slug } } }"
CHECK = """
  mutation ($files: [ScriptFileInput!]!) {
    checkScript(input: {slug: "hello", files: $files}) { ok }
  }
"""
FILES = """
  query ($number: Int!) {
    scriptVersion(slug: "hello", number: $number) { files { path size digest text } }
  }
"""
LARGE = "x" * 1_000_001
DIGEST = sha256(LARGE.encode()).hexdigest()


async def test_a_file_too_large_for_an_answer_is_saved_again_under_another_path(
    running, edith, data
):
    await data(edith, CREATE, slug="hello")
    await data(edith, SAVE, files=[*main(HELLO), {"path": "large.txt", "text": LARGE}])
    moved = [*main(f"{HELLO}//"), {"path": "texts/large.txt", "digest": DIGEST}]

    checked = await data(edith, CHECK, files=moved)
    await data(edith, SAVE, files=moved, base=1)
    files = (await data(edith, FILES, number=2))["scriptVersion"]["files"]

    assert checked["checkScript"]["ok"]
    assert files[1] == {
        "path": "texts/large.txt",
        "size": 1_000_001,
        "digest": DIGEST,
        "text": None,
    }


async def test_a_digest_is_of_a_file_of_this_script(running, edith, data, ask):
    await data(edith, CREATE, slug="hello")
    await data(edith, CREATE, slug="other")
    await data(edith, SAVE, slug="other", files=[*main(HELLO), {"path": "a.txt", "text": "own"}])
    of_other = sha256(b"own").hexdigest()

    foreign = await ask(edith, SAVE, files=[*main(HELLO), {"path": "a.txt", "digest": of_other}])
    both = await ask(edith, SAVE, files=[{"path": "main.ts", "text": "", "digest": of_other}])

    assert "no version of hello has a file with the digest" in foreign["errors"][0]["message"]
    assert foreign["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "no version of hello" in both["errors"][0]["message"]
