"""Templates of `convert.render_handlebars_template`."""

import json

import pytest
from tests.runtimes.programs import running

from aiwebengine.runtimes.types import Failed

SOURCE = """
function render(context) {
  const { template, data } = JSON.parse(context.request.body);
  return convert.render_handlebars_template(template, data);
}
function init() { routeRegistry.registerRoute("/", "render", "POST"); }
"""
DATA = {
    "name": "<Ada & Bob>",
    "yes": True,
    "no": False,
    "zero": 0,
    "empty": [],
    "items": [{"n": "a"}, {"n": "b"}],
    "letters": ["x", "y"],
    "map": {"k": "v", "l": "w"},
    "person": {"name": "Eve", "home": {"city": "Rome"}},
    "count": 2,
    "key": "k",
    "two words": "named",
}
CASES = [
    ("Hello {{name}}!", "Hello &lt;Ada &amp; Bob&gt;!"),
    ("{{{name}}} {{&name}}", "<Ada & Bob> <Ada & Bob>"),
    ("{{missing}}{{missing.deep}}{{zero}}{{no}}", "0false"),
    ("{{person.home.city}} {{person/name}} {{this.count}}", "Rome Eve 2"),
    ("{{[two words]}}", "named"),
    ("{{!-- {{not}} this --}}{{! nor this }}.", "."),
    ("{{#if yes}}a{{else}}b{{/if}}{{#if empty}}a{{else}}b{{/if}}", "ab"),
    ("{{#if no}}a{{else if zero}}b{{else if yes}}c{{else}}d{{/if}}", "c"),
    ("{{#unless no}}a{{/unless}}{{^no}}b{{/no}}", "ab"),
    ("{{#each items}}{{@index}}{{n}}{{#unless @last}}, {{/unless}}{{/each}}", "0a, 1b"),
    ("{{#each letters}}{{this}}{{@first}} {{/each}}", "xtrue yfalse "),
    ("{{#each map}}{{@key}}={{.}};{{/each}}", "k=v;l=w;"),
    ("{{#each empty}}a{{else}}none{{/each}}", "none"),
    ("{{#each items}}{{n}}{{../count}}{{@root.count}}{{/each}}", "a22b22"),
    ("{{#each items as |item i|}}{{i}}{{item.n}}{{/each}}", "0a1b"),
    ("{{#with person}}{{name}} {{home.city}}{{/with}}", "Eve Rome"),
    ("{{#person}}{{name}}{{/person}}{{#letters}}{{.}}{{/letters}}", "Evexy"),
    ("{{lookup map key}} {{lookup letters 1}}", "v y"),
    ("{{#if (eq count 2)}}two{{/if}}{{#if (and yes (not no))}}!{{/if}}", "two!"),
    ("{{len items}} {{letters.length}} {{gt count 1}}", "2 2 true"),
    (
        "<ul>\n  {{#each letters}}\n  <li>{{.}}</li>\n  {{/each}}\n</ul>",
        "<ul>\n  <li>x</li>\n  <li>y</li>\n</ul>",
    ),
    ("a  {{~count~}}  b", "a2b"),
    ("{{constructor}}{{person.__proto__}}{{lookup person 'constructor'}}", ""),
]
REFUSED = [
    ("{{#if yes}}a", "{{#if}} has no end"),
    ("a{{/if}}", "ends a block that is not open"),
    ("{{#if yes}}a{{/each}}", "ends a block that is not open"),
    ("{{else}}", "outside of a block"),
    ("{{> partial}}", "there are no partials"),
    ("{{unknown a b}}", '"unknown" is not a helper'),
    ("{{eq (len a}}", 'a "(" without a ")"'),
    ("Hi {{name", '{{name has no end: "}}"'),
    ("{{name}} {{#if", '{{#if has no end: "}}"'),
    ("{{#if a}}" * 101, "nested more than 100 times"),
]


async def test_templates(tmp_path):
    async with running(tmp_path, {"main.js": SOURCE}, dialect="classic") as program:

        async def render(template, data):
            body = json.dumps({"template": template, "data": data}).encode()
            return (await program.call("render", method="POST", body=body)).text

        rendered = [(template, await render(template, DATA)) for template, _ in CASES]
        as_text = await render("{{name}}", json.dumps({"name": "Ada"}))
        for template, message in REFUSED:
            with pytest.raises(Failed) as failed:
                await render(template, DATA)
            assert message in failed.value.message

    assert rendered == CASES
    assert as_text == "Ada"
