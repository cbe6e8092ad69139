"""GraphQL of scripts, from the deployment of a script to the answer that a client gets."""

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psycopg
import pytest
from tests.script_graphql.asking import PATH
from tests.script_routes.site import PATIENCE

CLASSIC = """
function hello(context) {{ return "hello " + (context.args.name ?? context.kind); }}
function list() {{ return JSON.stringify([{{ text: "a" }}, {{ text: "b" }}]); }}
function add(context) {{ return context.args.n + 1; }}
function fail() {{ throw new Error("secret"); }}
function me(context) {{ return context.request.auth.userName; }}
function ask(context) {{
  return graphQLRegistry.executeGraphQL(context.args.query, context.args.variables);
}}
function send(context) {{
  graphQLRegistry.sendSubscriptionMessage("tick{n}", JSON.stringify({{ text: "to all" }}));
  return graphQLRegistry.sendSubscriptionMessageFiltered(
    "tick{n}", JSON.stringify({{ text: context.args.topic }}), JSON.stringify(context.args));
}}
function tick(context) {{ return {{ topic: context.args.topic }}; }}
function init() {{
  graphQLRegistry.registerQuery(
    "hello{n}", "type Query {{ hello{n}(name: String): String }}", "hello", "external");
  graphQLRegistry.registerQuery(
    "list{n}", "list{n}: [Item{n}!]! type Item{n} {{ text: String }}", "list", "external");
  graphQLRegistry.registerMutation(
    "add{n}", "type Mutation {{ add{n}(n: Int!): Int }}", "add", "external");
  graphQLRegistry.registerQuery("fail{n}", "fail{n}: Int", "fail", "external");
  graphQLRegistry.registerQuery("me{n}", "me{n}: String", "me", "engine");
  graphQLRegistry.registerQuery("inside{n}", "inside{n}: String", "hello", "internal");
  graphQLRegistry.registerQuery(
    "ask{n}", "ask{n}(query: String!, variables: String): String", "ask", "external");
  graphQLRegistry.registerSubscription(
    "tick{n}", "type Subscription {{ tick{n}(topic: String): Item{n} }}", "tick", "external");
  graphQLRegistry.registerMutation("send{n}", "send{n}(topic: String): String", "send", "external");
}}
"""
MODULE = """
export const graphql = {{
  typeDefs: `
    type Query {{ person{n}(id: ID!): Person{n} mine{n}: String sum{n}(a: Int, b: Int): Int }}
    type Mutation {{ publish{n}(value: Int!): Boolean }}
    type Subscription {{ value{n}: Int }}
    type Person{n} {{ id: ID! name: String friends: [Person{n}!] }}
  `,
  resolvers: {{
    Query: {{
      person{n}: async ({{ id }}) => ({{ id, name: "Ada", friends: [{{ id: 2, name: "Eve" }}] }}),
      mine{n}: (args, env, ctx) => ctx.requireAuth().name,
      sum{n}: async ({{ a, b }}, env) => (await env.graphql.execute(
        "query ($a: Int) {{ one{n}(a: $a) }}", {{ a }})).data.one{n} + b,
    }},
    Mutation: {{
      publish{n}: async ({{ value }}, env) => {{
        await env.graphql.publish("value{n}", value);
        return true;
      }},
    }},
    Subscription: {{ value{n}: {{ resolve: (value) => value * 2 }} }},
  }},
}};
"""


ROLE = """
insert into script_user_roles (script_id, user_id, role, granted_by)
select s.id, u.id, 'critic', 'tests' from scripts s, users u where s.slug = %s
"""


@pytest.fixture
def classic(site, n):
    site.deploy(f"classic-{n}", CLASSIC.format(n=n))
    return n


@pytest.fixture
def module(site, n):
    site.deploy(
        f"helper-{n}",
        f"""
        function one(context) {{ return context.args.a; }}
        function init() {{
          graphQLRegistry.registerQuery("one{n}", "one{n}(a: Int): Int", "one", "internal");
        }}
        """,
    )
    site.deploy(f"module-{n}", MODULE.format(n=n))
    return n


def test_a_classic_script_answers_queries_and_mutations(graphql, classic):
    n = classic
    assert graphql.data(f'{{ hello{n}(name: "Ada") other: hello{n} list{n} {{ text }} }}') == {
        f"hello{n}": "hello Ada",
        "other": "hello graphqlQuery",
        f"list{n}": [{"text": "a"}, {"text": "b"}],
    }
    assert graphql.data(f"mutation {{ add{n}(n: 1) }}") == {f"add{n}": 2}


def test_a_module_answers_and_executes(graphql, module):
    n = module
    query = (
        f"{{ person{n}(id: 1) {{ id friends {{ name friends {{ id }} }} }} sum{n}(a: 1, b: 2) }}"
    )
    assert graphql.data(query) == {
        f"person{n}": {"id": "1", "friends": [{"name": "Eve", "friends": None}]},
        f"sum{n}": 3,
    }
    body = graphql.ask(f"{{ mine{n} }}")
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert "mine" in str(graphql.data(f"{{ mine{n} }}", signed_in=True))


def test_a_script_that_fails_tells_clients_nothing_and_its_log_everything(graphql, classic):
    n = classic
    response = graphql.post(f"{{ fail{n} hello{n} }}")
    body = response.json()
    assert body["data"] == {f"fail{n}": None, f"hello{n}": "hello graphqlQuery"}
    (error,) = body["errors"]
    assert error["path"] == [f"fail{n}"]
    assert error["extensions"] == {
        "code": "SCRIPT_FAILED",
        "requestId": response.headers["X-Request-Id"],
    }
    assert "secret" not in error["message"]


def test_visibility(graphql, classic):
    n = classic
    (error,) = graphql.ask(f"{{ me{n} }}")["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    assert graphql.data(f"{{ me{n} hello{n} }}", signed_in=True)[f"hello{n}"]
    (error,) = graphql.ask(f"{{ inside{n} }}", signed_in=True)["errors"]
    assert f"Cannot query field 'inside{n}'" in error["message"]
    query = f'{{ ask{n}(query: "{{ inside{n} me{n} }}") }}'
    assert json.loads(graphql.data(query)[f"ask{n}"])["data"] == {
        f"inside{n}": "hello graphqlQuery",
        f"me{n}": None,
    }


ASK = (
    "query ($query: String!, $variables: String) {{ {ask}(query: $query, variables: $variables) }}"
)


def asking_itself(ask, inner, times):
    """An operation that executes *inner*, in so many operations around it."""
    query, variables = inner, None
    for _ in range(times):
        variables = {"query": query, "variables": json.dumps(variables or {})}
        query = ASK.format(ask=ask)
    return query, variables


def unpacked(text, ask):
    """The result of the innermost operation, and how many there were."""
    depth, body = 0, json.loads(text)
    while body.get("data") and body["data"].get(ask) is not None:
        depth, body = depth + 1, json.loads(body["data"][ask])
    return depth, body


def test_a_classic_script_may_execute_its_own_fields_as_it_has_processes(graphql, classic):
    n, ask = classic, f"ask{classic}"
    query, variables = asking_itself(ask, f"{{ hello{n} }}", 1)
    _, body = unpacked(graphql.data(query, variables=variables)[ask], ask)
    assert body == {"data": {f"hello{n}": "hello graphqlQuery"}}
    query, variables = asking_itself(ask, f"{{ hello{n} }}", 3)
    _, body = unpacked(graphql.data(query, variables=variables)[ask], ask)
    assert body["errors"][0]["extensions"]["code"] == "LIMIT"


def test_a_module_that_executes_itself_ends(site, graphql, n):
    site.deploy(
        f"endless-{n}",
        f"""
export const graphql = {{
  typeDefs: `type Query {{ endless{n}: Int }}`,
  resolvers: {{ Query: {{ async endless{n}(args, env) {{
    const {{ data, errors }} = await env.graphql.execute("{{ endless{n} }}");
    if (errors) console.log(errors[0].message);
    return 1 + (data?.endless{n} ?? 0);
  }} }} }},
}};""",
    )
    assert graphql.data(f"{{ endless{n} }}") == {f"endless{n}": 4}


def test_scripts_see_the_user_with_the_roles_that_they_give(site, graphql, n):
    site.deploy(
        f"roles-{n}",
        f"""
export const graphql = {{
  typeDefs: `type Query {{ who{n}: User{n} }} type User{n} {{
    id: ID email: String roles: [String] scriptRoles: [String] }}`,
  resolvers: {{ Query: {{ who{n}: (args, env, ctx) => ctx.user }} }},
}};""",
    )
    query = f"{{ who{n} {{ id email roles scriptRoles }} }}"
    assert graphql.data(query) == {f"who{n}": None}
    user = graphql.data(query, signed_in=True)[f"who{n}"]
    assert "ADMINISTRATOR" in user["roles"]
    assert user["email"] == "admin@localhost"
    assert not user["scriptRoles"]
    with psycopg.connect(site.url) as connection:
        connection.execute(ROLE, [f"roles-{n}"])
    user = graphql.data(query, signed_in=True)[f"who{n}"]
    assert user["scriptRoles"] == ["critic"]


TABLE = """
function init() {{
  database.createTable("notes{n}");
  database.addTextColumn("notes{n}", "title", false);
  database.addIntegerColumn("notes{n}", "stars", true, "3");
  database.addBooleanColumn("notes{n}", "done");
  const options = {{ visibility: "external" }};
  const made = JSON.parse(database.generateGraphQLForTable("notes{n}", options));
  if (!made.success) throw new Error(made.error);
  graphQLRegistry.registerQuery("made{n}", "made{n}: [String]", () => made.operations);
}}
"""


def test_a_table_gets_fields_that_read_and_change_its_rows(site, graphql, n):
    site.deploy(f"table-{n}", TABLE.format(n=n))
    assert graphql.data(f"{{ made{n} }}") == {
        f"made{n}": [
            f"notes{n}",
            f"insertNotes{n}",
            f"notes{n}ById",
            f"updateNotes{n}",
            f"deleteNotes{n}",
        ]
    }
    add = f"mutation ($data: Notes{n}Input!) {{ insertNotes{n}(data: $data) {{ id stars }} }}"
    for title in ("a", "b"):
        data = graphql.data(add, variables={"data": {"title": title, "done": title == "b"}})
        assert data[f"insertNotes{n}"]["stars"] == 3
    last = data[f"insertNotes{n}"]["id"]
    assert graphql.data(
        f'{{ notes{n}(orderBy: "title", direction: "desc") {{ title done }} }}'
    ) == {f"notes{n}": [{"title": "b", "done": True}, {"title": "a", "done": False}]}
    assert graphql.data(f'{{ notes{n}(where: {{title: "a"}}) {{ title }} }}') == {
        f"notes{n}": [{"title": "a"}]
    }
    assert len(graphql.data(f"{{ notes{n}(limit: 1) {{ id }} }}")[f"notes{n}"]) == 1
    change = f"mutation {{ updateNotes{n}(id: ID, data: {{stars: 5}}) {{ title stars }} }}"
    assert graphql.data(change.replace("ID", str(last))) == {
        f"updateNotes{n}": {"title": "b", "stars": 5}
    }
    assert graphql.data(change.replace("ID", "999999")) == {f"updateNotes{n}": None}
    for deleted in (True, False):
        remove = f"mutation {{ deleteNotes{n}(id: {last}) }}"
        assert graphql.data(remove) == {f"deleteNotes{n}": deleted}
    assert graphql.data(f"{{ notes{n}ById(id: {last}) {{ id }} }}") == {f"notes{n}ById": None}
    missing = graphql.ask(add, variables={"data": {"stars": 1}})
    assert "title" in missing["errors"][0]["message"]


def test_introspection_and_the_printed_schema_need_a_sign_in(site, graphql, classic):
    query = "{ __schema { queryType { name } } }"
    assert graphql.ask(query)["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    assert graphql.data(query, signed_in=True)
    address = f"{site.base}{PATH}/schema.graphql"
    assert httpx2.get(address, timeout=PATIENCE).status_code == 401
    printed = httpx2.get(address, cookies=site.cookies, timeout=PATIENCE)
    assert f"hello{classic}(name: String): String" in printed.text
    assert f"inside{classic}" not in printed.text


def test_a_page_of_another_site_sends_nothing(graphql, classic):
    query, foreign = f"mutation {{ add{classic}(n: 1) }}", {"Origin": "https://evil.example"}
    assert graphql.post(query, signed_in=True, headers=foreign).status_code == 403
    plain = graphql.post(query, signed_in=True, headers={"Content-Type": "text/plain"})
    assert plain.status_code == 415


def test_a_browser_gets_the_playground_on_the_engines_host_only(site):
    headers = {"Accept": "text/html,*/*"}
    page = httpx2.get(f"{site.base}{PATH}", headers=headers, timeout=PATIENCE)
    assert page.status_code == 200
    assert "graphiql" in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    apart = site.ask(f"GET {PATH} HTTP/1.1\nAccept: text/html", host=site.scripts_host)
    assert apart.status == 422


def test_the_scripts_host_has_the_same_fields_and_its_own_sign_in(site, graphql, classic):
    n = classic
    assert graphql.on_scripts_host(f"{{ hello{n} }}") == {
        "data": {f"hello{n}": "hello graphqlQuery"}
    }
    # The engine's cookie opens nothing there.
    session = {
        "Cookie": f"aiwebengine_session={site.session}",
        "Origin": f"http://{site.scripts_host}",
    }
    (error,) = graphql.on_scripts_host(f"{{ me{n} }}", headers=session)["errors"]
    assert error["extensions"]["code"] == "UNAUTHENTICATED"
    foreign = {"Cookie": "a=1", "Origin": site.base}
    (error,) = graphql.on_scripts_host(f"{{ hello{n} }}", headers=foreign)["errors"]
    assert error["extensions"]["code"] == "FORBIDDEN"


def test_a_deployment_with_a_taken_name_is_refused_with_its_place(site, graphql, classic):
    n = classic
    other = f"""
export const graphql = {{
  typeDefs: `
    type Query {{ hello{n}: Int }}
  `,
  resolvers: {{ Query: {{ hello{n}: () => 1 }} }},
}};"""
    answer = site.put(f"other-{n}", other)
    assert answer.status_code in (409, 422), answer.text
    assert f"The GraphQL field Query.hello{n} belongs to the script classic-{n}." in answer.text
    assert graphql.data(f"{{ hello{n} }}")


def test_a_deployment_with_wrong_sdl_is_refused_and_hurts_nobody(site, graphql, classic):
    n = classic
    wrong = f"""export const graphql = {{ typeDefs: `type Query {{
  x{n}: Strin
}}`, resolvers: {{ Query: {{ x{n}() {{}} }} }} }};"""
    answer = site.put(f"wrong-{n}", wrong)
    assert answer.status_code == 422, answer.text
    assert "Unknown type 'Strin'" in answer.text
    assert '"line":2' in answer.text.replace(" ", "")
    assert graphql.data(f"{{ hello{n} }}")


def test_of_two_scripts_that_are_deployed_at_once_one_gets_the_name(site, graphql, n):
    source = f"""
    function one() {{ return SCRIPT; }}
    function init() {{ graphQLRegistry.registerQuery("race{n}", "race{n}: Int", one, "external"); }}
    """
    with ThreadPoolExecutor(4) as threads:
        answers = list(
            threads.map(
                lambda number: site.put(
                    f"race-{n}-{number}", source.replace("SCRIPT", str(number))
                ),
                range(4),
            )
        )
    won = [number for number, answer in enumerate(answers) if answer.status_code in (200, 201)]
    assert len(won) == 1, [answer.text for answer in answers]
    assert graphql.data(f"{{ race{n} }}") == {f"race{n}": won[0]}


def test_a_new_version_has_its_own_fields_at_once(site, graphql, n):
    for field in (f"first{n}", f"second{n}"):
        site.deploy(
            f"changing-{n}",
            f"""function init() {{
              graphQLRegistry.registerQuery("{field}", "{field}: Int", () => 1, "external");
            }}""",
        )
        assert graphql.data(f"{{ {field} }}") == {field: 1}
    assert "errors" in graphql.ask(f"{{ first{n} }}")
    httpx2.delete(
        f"{site.base}/api/engine/scripts/changing-{n}", cookies=site.cookies, timeout=PATIENCE
    )


async def test_subscribers_get_what_is_for_them(graphql, classic):
    n = classic
    query = f'subscription {{ tick{n}(topic: "a") {{ text }} }}'
    async with graphql.socket() as a, graphql.socket(signed_in=True) as b:
        await a.subscribe(query)
        await b.subscribe(query.replace('"a"', '"b"'))
        # A subscription has no acknowledgement: send until both get something.
        first = {}
        for socket in (a, b):
            receiving = asyncio.ensure_future(socket.receive())
            while not receiving.done():
                await asyncio.to_thread(graphql.data, f'mutation {{ send{n}(topic: "none") }}')
                await asyncio.wait([receiving], timeout=0.2)
            first[socket] = receiving.result()
            assert first[socket]["payload"] == {"data": {f"tick{n}": {"text": "to all"}}}
        await asyncio.to_thread(graphql.data, f'mutation {{ send{n}(topic: "b") }}')
        while (message := await b.receive())["payload"]["data"][f"tick{n}"]["text"] != "b":
            assert message["payload"]["data"][f"tick{n}"]["text"] == "to all"
        await asyncio.to_thread(graphql.data, f'mutation {{ send{n}(topic: "a") }}')
        while (message := await a.receive())["payload"]["data"][f"tick{n}"]["text"] != "a":
            assert message["payload"]["data"][f"tick{n}"]["text"] == "to all"


async def test_a_module_resolves_events_as_server_sent_events(site, graphql, module):
    n = module
    async with (
        httpx2.AsyncClient(timeout=PATIENCE) as client,
        client.stream(
            "GET",
            f"{site.base}{PATH}",
            params={"query": f"subscription {{ value{n} }}"},
            headers={"Accept": "text/event-stream"},
        ) as response,
    ):
        lines = response.aiter_lines()

        async def next_data():
            async for line in lines:
                if line.startswith("data:") and line != "data:":
                    return json.loads(line.removeprefix("data:"))
            raise AssertionError("the stream has ended")

        receiving = asyncio.ensure_future(next_data())
        while not receiving.done():
            await asyncio.to_thread(graphql.data, f"mutation {{ publish{n}(value: 21) }}")
            await asyncio.wait([receiving], timeout=0.2)
        assert receiving.result() == {"data": {f"value{n}": 42}}


async def test_a_subscription_ends_with_the_session(site, graphql, n):
    site.deploy(
        f"private-{n}",
        f"""
const send = () => graphQLRegistry.sendSubscriptionMessage("private{n}", 1);
function init() {{
  graphQLRegistry.registerSubscription("private{n}", "private{n}: Int", undefined, "engine");
  graphQLRegistry.registerMutation("send{n}", "send{n}: String", send, "external");
}}""",
    )
    session = site.sign_in()
    async with graphql.socket(Cookie=f"aiwebengine_session={session}") as socket:
        await socket.subscribe(f"subscription {{ private{n} }}")
        receiving = asyncio.ensure_future(socket.receive())
        while not receiving.done():
            await asyncio.to_thread(graphql.data, f"mutation {{ send{n} }}")
            await asyncio.wait([receiving], timeout=0.2)
        assert receiving.result()["payload"] == {"data": {f"private{n}": 1}}
        await asyncio.to_thread(site.sign_out, session)
        while (message := await socket.receive())["type"] == "next":
            pass
        assert message["type"] == "error"
        assert message["payload"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_anonymous_client_has_no_subscription_of_users(site, graphql, n):
    site.deploy(
        f"users-{n}",
        f"""function init() {{
  graphQLRegistry.registerSubscription("users{n}", "users{n}: Int", undefined, "engine");
}}""",
    )
    async with graphql.socket() as socket:
        await socket.subscribe(f"subscription {{ users{n} }}")
        message = await socket.receive()
        assert message["payload"]["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
