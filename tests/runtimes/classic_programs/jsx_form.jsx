const Field = (props) => (
  <>
    <label htmlFor={props.name}>{props.children}</label>
    <input id={props.name} name={props.name} required disabled={false} />
  </>
);

function form() {
  return ResponseBuilder.html(
    <form method="post">
      <Field name="email">Your address</Field>
      <button type="submit">Send</button>
    </form>,
  );
}

function init() {
  routeRegistry.registerRoute("/form", "form");
}
