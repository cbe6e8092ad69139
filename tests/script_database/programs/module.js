const json = (value) => Response.json(value, { status: 200 });
const big = (key, value) => (typeof value === "bigint" ? `${value}n` : value);
const text = (value) => new Response(JSON.stringify(value, big));
let cache = null;
const failure = async (work) => {
  try { await work(); return "done"; } catch (error) { return { code: error.code, message: error.message, stack: error.stack }; }
};

export const routes = {
  "GET /db/setup": async (request, { db }) => {
    await db.execute("create table if not exists notes (id int generated always as identity primary key, text text unique)");
    await db.execute("truncate notes restart identity");
    return json(await db.query("insert into notes (text) values ($1), ($2) returning *", ["a", "b"]));
  },
  "GET /db/reads": async (request, { db }) => {
    const wanted = 2;
    return json({
      query: await db.query("select * from notes order by id"),
      one: await db.one("select text from notes where id = $1", [wanted]),
      none: await db.one("select * from notes where id = 99"),
      value: await db.value("select count(*) from notes"),
      noValue: await db.value("select id from notes where id = 99"),
      count: await db.execute("update notes set text = text"),
      sql: await db.sql`select text from notes where id = ${wanted} and text <> ${"x"}`,
      many: await Promise.all([1, 2, 3, 4, 5, 6].map((n) => db.value("select $1::int", [n]))),
    });
  },
  "GET /db/types": async (request, { db }) => text(await db.one(
    `select 1::int2 as small, 9007199254740993 as big, 1.50::numeric as number, 0.5::float8 as float,
      true as yes, null as nothing, 'x'::text as text, '{"a": [1, {"b": null}]}'::jsonb as json,
      '2026-01-02 03:04:05.678901+02'::timestamptz as at, date '2026-01-02' as day,
      interval '1 hour 2 seconds' as span, '\\x00ff'::bytea as bytes, array[1, null, 3] as numbers,
      array['a', 'b'] as words, '6f1f4e0a-0000-4000-8000-000000000001'::uuid as id,
      array['\\x01'::bytea] as blobs, '10.0.0.1'::inet as address, array[[1,2],[3,4]] as grid`,
  )),
  "GET /db/parameters": async (request, { db }) => text(await db.one(
    `select $1::int as number, $2::bigint as big, $3::text as text, $4::jsonb as json,
      $5::timestamptz as at, encode($6::bytea, 'hex') as bytes, $7::int[] as numbers, $8::bool as yes,
      $9::numeric as exact, $10::uuid as id, $11::date as day, $12::text[] as words, $13::float8 as f,
      $14::interval as span, $15::text as length`,
    [1, 9007199254740993n, "x", { a: [1, "'"] }, new Date(0), new Uint8Array([0, 255]), [1, null, 3],
      true, "0.10", "6f1f4e0a-0000-4000-8000-000000000001", "2026-01-02", ["a", "b\"c"], 1e21,
      "2 days", "z".repeat(200000).length],
  )),
  "POST /db/long": async (request, { db }) => {
    const bytes = new Uint8Array(await request.arrayBuffer());
    return json(await db.value("select length($1::bytea)", [bytes]));
  },
  "GET /db/errors": async (request, { db }) => json({
    syntax: await failure(() => db.query("selekt 1")),
    missing: await failure(() => db.query("select nothing")),
    unique: await failure(() => db.query("insert into notes (text) values ('a')")),
    parameter: await failure(() => db.query("select $1::int", ["x"])),
    count: await failure(() => db.query("select $1::int", [])),
    undefinedOne: await failure(() => db.query("select $1::int", [undefined])),
    refused: await failure(() => db.query("reset role")),
    many: await failure(() => db.query("select generate_series(1, 20000)")),
    large: await failure(() => db.query("select repeat('x', 9000000)")),
    noSql: await failure(() => db.query(1)),
  }),
  "GET /db/after": async (request, { db }) => json(await db.value("select 1")),
  "GET /db/transaction": async (request, { db }) => {
    const seen = await db.transaction(async (tx) => {
      await tx.execute("insert into notes (text) values ('c')");
      const undone = await failure(() => tx.transaction(async (inner) => {
        await inner.execute("insert into notes (text) values ('d')");
        await inner.execute("insert into notes (text) values ('d')");
      }));
      await tx.transaction((inner) => inner.execute("insert into notes (text) values ('e')"));
      return undone.code;
    });
    const rolledBack = await failure(() => db.transaction(async (tx) => {
      await tx.execute("delete from notes");
      throw new Error("no");
    }));
    return json({ seen, rolledBack: rolledBack.message, texts: (await db.query("select text from notes order by id")).map((row) => row.text) });
  },
  "GET /db/escapes": async (request, { db }) => {
    let escaped;
    await db.transaction(async (tx) => { escaped = tx; });
    cache = escaped;
    return json(await failure(() => escaped.query("select 1")));
  },
  "GET /db/leaves/:how": async (request, { db }, ctx) => {
    // Nobody awaits it: the call ends while the transaction is open.
    const begun = new Promise((resolve) => {
      db.transaction(async (tx) => {
        await tx.execute("insert into notes (text) values ($1)", [ctx.params.how]);
        resolve();
        await new Promise(() => {});
      }).catch(() => {});
    });
    await begun;
    if (ctx.params.how === "throws") throw new Error("no");
    if (ctx.params.how === "loops") for (;;);
    if (ctx.params.how === "grows") for (const all = []; ; ) all.push(new Uint8Array(1e7).fill(1));
    if (ctx.params.how === "waits") await new Promise(() => {});
    return json("left");
  },
  "GET /db/has/:text": async (request, { db }, ctx) =>
    json(await db.value("select exists (select from notes where text = $1)", [ctx.params.text])),
};
