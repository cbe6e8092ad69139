// The table of entries. Values go in as parameters, never as part of the SQL.

export interface Entry {
  id: number;
  name: string;
  text: string;
  at: string;
}

export const NEWEST = 50;

export async function newest(env: Env): Promise<Entry[]> {
  return (await env.db.sql`select * from entries order by id desc limit ${NEWEST}`) as Entry[];
}

/** Adds an entry; null if a field is empty or too long. */
export async function add(env: Env, name: string, text: string): Promise<Entry | null> {
  name = name.trim();
  text = text.trim();
  if (!name || name.length > 60 || !text || text.length > 500) return null;
  const [entry] = await env.db.sql`
    insert into entries (name, text) values (${name}, ${text}) returning *
  `;
  return entry as Entry;
}
