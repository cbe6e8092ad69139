// A GraphQL API at /scripts/graphql: books, their reviews, and a subscription for new ones.

import { addReview, findBook, findBooks } from "./books.ts";

export const graphql: GraphQLFields = {
  typeDefs: `
    type Query {
      "Books by title, at most 100."
      books(search: String): [Book!]!
      book(id: ID!): Book
    }
    type Mutation { addReview(book: ID!, stars: Int!, text: String!): Review! }
    type Subscription { reviewAdded(book: ID!): Review! }
    type Book { id: ID! title: String! author: String! reviews: [Review!]! }
    type Review { id: ID! stars: Int! text: String! }
  `,
  resolvers: {
    Query: {
      books: ({ search }: { search?: string }, env: Env) => findBooks(env, search ?? ""),
      book: ({ id }: { id: string }, env: Env) => findBook(env, id),
    },
    Mutation: {
      addReview: async (
        { book, stars, text }: { book: string; stars: number; text: string },
        env: Env,
      ) => {
        const review = await addReview(env, book, stars, text);
        await env.graphql.publish("reviewAdded", review, { match: { book } });
        return review;
      },
    },
    Subscription: {
      reviewAdded: { filter: ({ book }: { book: string }) => ({ book }) },
    },
  },
};
