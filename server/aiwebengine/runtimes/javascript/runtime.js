// Loads one program and answers its calls: frames on standard input and output, see protocol.py.
//
// This module exports nothing and is the only one that reaches the outside. Author code shares its
// process, not its variables: built-ins are captured in safe.js before author code is loaded, and the
// import map (import_map.py) keeps author code from importing these modules.

import { AsyncLocalStorage } from "node:async_hooks";

import { Calls } from "./calls.js";
import * as classic from "./classic.js";
import { Log, consoleFor } from "./console.js";
import * as frames from "./frames.js";
import { Host, Load } from "./host.js";
import { checkImportMap, checkImports, describeLoading } from "./loading.js";
import * as module from "./module.js";
import { Positions, errorHead } from "./positions.js";
import { replyReader } from "./reply_pipe.js";
import { parse, stringify, uncurryThis } from "./safe.js";
import { Source } from "./source.js";
import { globalsOfTests, registeredTests } from "./trial.js";
import { provide, reduceWorld } from "./world.js";

const { exit, inspect, openSync, permissions, readTextFileSync, stdin, stdout } = Deno;
const readFrom = uncurryThis(Deno.FsFile.prototype.readSync);
const DIALECTS = { classic, module };

const settings = parse(Deno.args[0]);
const { folder, entry, dialect: dialectName, pipe, max_answer: maxAnswer } = settings;
// The test files of a trial; null when the program is served.
const testFiles = settings.tests ?? null;
const dialect = DIALECTS[dialectName];
const running = new AsyncLocalStorage();
const positions = new Positions(folder);
const source = new Source({ folder, entry, read: readTextFileSync });
const send = frames.frameWriter(write);
const log = new Log(send, positions, inspect, () => running.getStore()?.number ?? 0);
const calls = new Calls({ send, log, positions, maxAnswer });
const loading = new Load();
const host = new Host({ send, current, readReply: pipe === null ? null : openPipe(pipe) });
let program = null;

/** What asks the host: the running call, or the load. */
function current() {
  return running.getStore() ?? (loading.isOpen ? loading : undefined);
}

/** Opened before author code is loaded: the permission to read it goes afterwards. */
function openPipe(path) {
  const file = openSync(path, { read: true });
  // The host has gone when there is nothing to read.
  return replyReader(
    (bytes) => readFrom(file, bytes),
    () => exit(0),
  );
}

function write(bytes) {
  try {
    return stdout.writeSync(bytes);
  } catch {
    // The host has gone.
    exit(0);
  }
}

function receive(kind, number, head, body) {
  switch (kind) {
    case frames.CALL:
    case frames.CALL_OPEN: {
      const call = calls.open(number, kind === frames.CALL_OPEN ? body : null);
      running.run(call, serve, call, head, body);
      return;
    }
    case frames.INPUT:
      calls.get(number)?.input?.push(body);
      return;
    case frames.INPUT_END:
      calls.get(number)?.input?.end();
      return;
    case frames.CANCEL:
      calls.get(number)?.cancel();
      return;
    case frames.CREDIT:
      calls.get(number)?.credit(frames.readU32(body, 0));
      return;
    case frames.REPLY:
      host.receive(number, head, body);
      return;
    case frames.PING:
      send(frames.PONG, number);
      return;
  }
}

async function serve(call, head, body) {
  try {
    await program.serve(call, parse(head), body);
  } catch (error) {
    call.fail(error);
  }
}

async function load() {
  reduceWorld();
  provide({ console: consoleFor(log) });
  dialect.prepare(host, positions);
  if (testFiles !== null) provide(globalsOfTests({ positions, inspect }));
  logUncaught();
  try {
    checkImportMap(import.meta.resolve("file:///"));
    const importEntry = () => import(positions.address(entry));
    program = await dialect.load({ entry, source, importEntry });
    for (const file of testFiles ?? []) await import(positions.address(file));
    loading.isOpen = false;
    checkImports(source);
    // Everything that the program consists of is loaded.
    permissions.revokeSync({ name: "read" });
    const { warnings } = program;
    const offered = program.registrations;
    const registrations = testFiles === null ? offered : [...offered, ...registeredTests()];
    send(frames.READY, 0, stringify({ registrations, warnings }));
  } catch (error) {
    send(frames.NOT_READY, 0, errorHead(describeLoading(error, positions, source)));
    exit(1);
  }
}

/** Without these listeners Deno would end the process. */
function logUncaught() {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("Unhandled rejection", event.reason);
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    log.error("Uncaught error", event.error);
  });
}

load();
await frames.readFrames((bytes) => stdin.read(bytes), receive);
exit(0);
