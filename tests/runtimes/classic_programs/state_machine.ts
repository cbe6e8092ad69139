enum State {
  Draft = "draft",
  Sent = "sent",
  Paid = "paid",
}

const next: Record<State, State | null> = {
  [State.Draft]: State.Sent,
  [State.Sent]: State.Paid,
  [State.Paid]: null,
};

class Invoice {
  private state: State = State.Draft;

  constructor(readonly id: string) {}

  advance(): State {
    const following = next[this.state];
    if (following === null) throw new Error(`${this.id} is ${this.state} already`);
    this.state = following;
    return this.state;
  }
}

const invoice = new Invoice("I-1");

function advance() {
  return ResponseBuilder.json({ state: invoice.advance() });
}

function init() {
  routeRegistry.registerRoute("/invoice/advance", "advance", "POST");
}
