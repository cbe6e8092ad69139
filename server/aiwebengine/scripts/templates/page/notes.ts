// The table of notes. Values go in as parameters, never as part of the SQL.

export interface Note {
  id: number;
  text: string;
  at: string;
}

const NEWEST = 50;

export async function newest(env: Env): Promise<Note[]> {
  return (await env.db.sql`select * from notes order by id desc limit ${NEWEST}`) as Note[];
}

/** Adds a note; false if it is empty or too long. */
export async function add(env: Env, text: string): Promise<boolean> {
  text = text.trim();
  if (!text || text.length > 500) return false;
  await env.db.sql`insert into notes (text) values (${text})`;
  return true;
}
