// Books and reviews in the database.

const BOOKS = `
  select b.id, b.title, b.author,
    coalesce((
      select jsonb_agg(jsonb_build_object('id', r.id, 'stars', r.stars, 'text', r.text) order by r.id)
      from reviews r where r.book = b.id
    ), '[]') as reviews
  from books b
`;

export const findBooks = (env: Env, search: string) =>
  env.db.query(`${BOOKS} where strpos(lower(b.title), lower($1)) > 0 order by b.title limit 100`, [
    search,
  ]);

export const findBook = (env: Env, id: string) =>
  /^\d{1,15}$/.test(id) ? env.db.one(`${BOOKS} where b.id = $1`, [id]) : null;

export async function addReview(env: Env, book: string, stars: number, text: string) {
  if (stars < 1 || stars > 5) throw new Error(`stars: found ${stars}; allowed: 1 to 5`);
  if ((await findBook(env, book)) === null) throw new Error(`there is no book ${book}`);
  return await env.db.one(
    "insert into reviews (book, stars, text) values ($1, $2, $3) returning id, stars, text",
    [book, stars, text],
  );
}
