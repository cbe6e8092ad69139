const people = [{ name: "Ada" }, { name: "Alan" }];

function allPeople() {
  return people;
}

function addPerson(context) {
  people.push({ name: context.args.name });
  return people.length;
}

function count() {
  return ResponseBuilder.json({ count: people.length });
}

function init() {
  graphQLRegistry.registerQuery("people", "type Query { people: [Person] }", "allPeople", "external");
  graphQLRegistry.registerMutation(
    "addPerson",
    "type Mutation { addPerson(name: String!): Int }",
    "addPerson",
    "external",
  );
  routeRegistry.registerRoute("/people/count", "count", "GET");
}
