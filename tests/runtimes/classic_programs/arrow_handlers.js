const first = () => ResponseBuilder.json({ first: true });
let second = function () {
  return ResponseBuilder.json({ second: true });
};
var third = (context) => ResponseBuilder.json({ third: context.request.method });

const init = () => {
  for (const name of ["first", "second", "third"]) {
    routeRegistry.registerRoute("/" + name, name, "GET");
  }
};
