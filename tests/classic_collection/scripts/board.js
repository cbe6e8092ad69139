// GraphQL: a query, a mutation that sends to subscribers, and the schema asked from inside.

function messages(context) {
  const limit = context.args.limit || 10;
  return JSON.parse(sharedStorage.getItem("messages") || "[]").slice(-limit);
}

function post(context) {
  const { text, author } = context.args;
  if (!text) throw new Error("text is empty");
  const all = JSON.parse(sharedStorage.getItem("messages") || "[]");
  const message = { id: String(all.length + 1), text, author: author || "somebody" };
  sharedStorage.setItem("messages", JSON.stringify([...all, message]));
  graphQLRegistry.sendSubscriptionMessage("messagePosted", JSON.stringify(message));
  return message;
}

function posted(context) {
  return { room: "all" };
}

function inside(context) {
  const result = JSON.parse(graphQLRegistry.executeGraphQL("{ boardMessages(limit: 1) { text } }", "{}"));
  return ResponseBuilder.json(result);
}

function init() {
  const type = "type BoardMessage { id: ID! text: String! author: String }";
  graphQLRegistry.registerQuery(
    "boardMessages", `${type} type Query { boardMessages(limit: Int): [BoardMessage!]! }`, "messages", "external");
  graphQLRegistry.registerMutation(
    "postMessage",
    `${type} type Mutation { postMessage(text: String!, author: String): BoardMessage! }`, "post", "external");
  graphQLRegistry.registerSubscription(
    "messagePosted", `${type} type Subscription { messagePosted: BoardMessage! }`, "posted", "external");
  routeRegistry.registerRoute("/board/inside", "inside", "GET");
}
