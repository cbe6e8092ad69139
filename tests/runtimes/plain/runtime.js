// The smallest runtime that speaks the protocol: the host's tests need one whose every frame they
// decide. A program exports functions by name: (call, body) => the answer's body, or undefined.
const { stdin, stdout, exit } = Deno;
const { folder, entry } = JSON.parse(Deno.args[0]);
const KINDS = { CALL: 10, CALL_OPEN: 11, INPUT: 12, INPUT_END: 13, CANCEL: 14, CREDIT: 15, REPLY: 16, PING: 17 };
const calls = new Map();
const encoder = new TextEncoder();
const decoder = new TextDecoder();

export function send(kind, call = 0, head = "", body = new Uint8Array(0)) {
  const text = encoder.encode(typeof head === "string" ? head : JSON.stringify(head));
  const bytes = typeof body === "string" ? encoder.encode(body) : body;
  const out = new Uint8Array(17 + text.length + bytes.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, 13 + text.length + bytes.length, true);
  view.setUint8(4, kind);
  view.setUint32(9, call, true);
  view.setUint32(13, text.length, true);
  out.set(text, 17);
  out.set(bytes, 17 + text.length);
  for (let at = 0; at < out.length; ) at += stdout.writeSync(out.subarray(at));
}

async function run(program, call, body) {
  try {
    const answer = await program[call.handler](call, body);
    if (answer !== undefined) send(32, call.number, { status: 200 }, answer);
  } catch (error) {
    send(39, call.number, { message: String(error.message) });
  }
}

function receive(program, kind, number, head, body) {
  if (kind === KINDS.PING) return send(42);
  if (kind === KINDS.CALL || kind === KINDS.CALL_OPEN) {
    const call = { ...JSON.parse(decoder.decode(head)), number, send, received: 0, credit: 0 };
    calls.set(number, call);
    return run(program, call, body);
  }
  const call = calls.get(number);
  if (kind === KINDS.INPUT) call.received += body.length;
  if (kind === KINDS.INPUT_END) call.onEnd?.();
  if (kind === KINDS.CREDIT) call.onCredit?.(new DataView(body.buffer, body.byteOffset).getUint32(0, true));
  if (kind === KINDS.REPLY) program.replied?.(number, JSON.parse(decoder.decode(head)), body);
  if (kind === KINDS.CANCEL) send(38, number);
}

// A question, as questionBody of frames.js.
export function ask(call, number, { operation = "ask", args = [], blocks = false, bytes = 0 } = {}) {
  const body = new Uint8Array(9 + bytes);
  new DataView(body.buffer).setUint32(0, number, true);
  body[8] = blocks ? 1 : 0;
  send(41, call, { operation, arguments: args }, body);
}

globalThis.send = send;
globalThis.ask = ask;
let program;
try {
  program = await import(`file://${folder}/${entry}`);
} catch (error) {
  send(31, 0, { message: String(error.message) });
  exit(1);
}
send(30, 0, { registrations: [{ kind: "plain" }], warnings: [] });
let have = new Uint8Array(0);
const chunk = new Uint8Array(1 << 16);
for (let n; (n = await stdin.read(chunk)) !== null; ) {
  const joined = new Uint8Array(have.length + n);
  joined.set(have);
  joined.set(chunk.subarray(0, n), have.length);
  have = joined;
  while (have.length >= 17) {
    const view = new DataView(have.buffer, have.byteOffset);
    const end = 4 + view.getUint32(0, true);
    if (have.length < end) break;
    const bodyAt = 17 + view.getUint32(13, true);
    receive(program, have[4], view.getUint32(9, true), have.subarray(17, bodyAt), have.slice(bodyAt, end));
    have = have.subarray(end);
  }
}
exit(0);
