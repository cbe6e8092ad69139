import { addReview, findBook, findBooks } from "./books.ts";

test("books are found by a part of their title", async (env) => {
  expect((await findBooks(env, "EMM")).map((book) => book.title)).toEqual(["Emma"]);
  expect(await findBooks(env, "%")).toEqual([]);
});

test("a review belongs to its book", async (env) => {
  const [emma] = await findBooks(env, "Emma");
  await addReview(env, String(emma.id), 5, "Good");

  expect((await findBook(env, String(emma.id)))?.reviews[0].text).toBe("Good");
});

test("stars are from 1 to 5, and books exist", async (env) => {
  await expect(addReview(env, "1", 6, "")).rejects.toThrow("allowed: 1 to 5");
  await expect(addReview(env, "999", 5, "")).rejects.toThrow("there is no book 999");
});
