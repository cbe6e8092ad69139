// @ts-check
/** The daily, weekly, monthly and quarterly lists. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { nouns } from "../lib/format.js";
import { Time } from "../lib/parts.js";
import { stateWords, useEngineState } from "../lib/state.js";
import { untrusted } from "../lib/untrusted-text.js";

export const BOARD = gql(`fragment BoardFields on MaintenanceBoard {
  ok due overdue attention notYet unknown
  items {
    name title frequency state saw doneAt doneBy note dueAt canBeTicked
    action { task page command }
  }
}`);

/** @typedef {import("../types/documents").BoardFields} MaintenanceBoard */
/** @typedef {MaintenanceBoard["items"][number]} MaintenanceItem */
/** @typedef {{ name: string, isRunning: boolean }} Task what the lists know of a scheduled task */
/** @typedef {{ tasks: Task[] | undefined, run: (name: string) => void, tick: (item: MaintenanceItem) => void }} Actions */

const FREQUENCIES = ["DAILY", "WEEKLY", "MONTHLY", "QUARTERLY"];
const COUNTS = /** @type {const} */ (["overdue", "attention", "due", "notYet", "unknown", "ok"]);
/** @type {Record<MaintenanceItem["state"], string>} */
export const STATE_WORDS = {
  OK: "OK",
  DUE: "Due",
  OVERDUE: "Overdue",
  ATTENTION: "Needs attention",
  UNKNOWN: "Unknown",
  NOT_YET: "Not yet",
};

/** @param {Actions & { board: MaintenanceBoard | undefined }} props */
export function Board({ board: seen, tasks, run, tick }) {
  const board = asOfNow(seen, useEngineState());
  return html`<p class="counts on-brand" role="status">
      ${
        board
          ? COUNTS.map(
              (name) =>
                html`<span key=${name}
                  ><b>${board[name]}</b> <span>${countWords(name, board[name])}</span></span
                >`,
            )
          : "Loading…"
      }
    </p>
    ${FREQUENCIES.map(
      (frequency) =>
        html`<${List}
          key=${frequency}
          title=${words(frequency)}
          items=${board?.items.filter((item) => item.frequency === frequency)}
          tasks=${tasks}
          run=${run}
          tick=${tick}
        />`,
    )}`;
}

/**
 * An engine that is down can't send its lists; of those of before, the line on its health is false.
 * @param {MaintenanceBoard | undefined} board @param {ReturnType<typeof useEngineState>} engine
 * @returns {MaintenanceBoard | undefined}
 */
function asOfNow(board, engine) {
  const health = board?.items.find((item) => item.name === "health");
  if (!board || engine.state !== "down" || health?.state !== "OK") return board;
  const now = { ...health, state: /** @type {const} */ ("ATTENTION"), saw: stateWords(engine) };
  return {
    ...board,
    ok: board.ok - 1,
    attention: board.attention + 1,
    items: board.items.map((item) => (item === health ? now : item)),
  };
}

/** @param {Actions & { title: string, items: MaintenanceItem[] | undefined }} props */
function List({ title, items, tasks, run, tick }) {
  return html`<section class="card duties" aria-label=${title}>
    <h2>${title}</h2>
    <ul>
      ${
        items
          ? items.map(
              (item) =>
                html`<${Duty}
                  key=${item.name}
                  item=${item}
                  tasks=${tasks}
                  run=${run}
                  tick=${tick}
                />`,
            )
          : [1, 2, 3, 4].map((row) => html`<li key=${row}><span class="skeleton"></span></li>`)
      }
    </ul>
  </section>`;
}

/** @param {Actions & { item: MaintenanceItem }} props */
function Duty({ item, tasks, run, tick }) {
  const { task, page, command } = item.action;
  const isRunning = Boolean(tasks?.some((one) => one.name === task && one.isRunning));
  return html`<li>
    <span class="badge ${item.state.toLowerCase()}">${STATE_WORDS[item.state]}</span>
    <div class="saw">
      <b>${item.title}</b>
      <span>${untrusted(item.saw)}</span>
      ${item.note && html`<span>“${untrusted(item.note)}”</span>`}
      <small>
        ${item.doneAt && html`Done <${Time} iso=${item.doneAt} />${item.doneBy && html` by ${untrusted(item.doneBy)}`}. `}
        ${item.dueAt && html`Due <${Time} iso=${item.dueAt} />. `}
        ${command && html`<code>${command}</code>`}
      </small>
    </div>
    <div class="actions">
      ${page && html`<a class="btn small" href=${page}>Open<${Of} item=${item} /></a>`}
      ${
        task &&
        html`<button class="btn small" disabled=${isRunning} onClick=${() => run(task)}>
          ${isRunning ? "Running…" : "Run"}<${Of} item=${item} />
        </button>`
      }
      ${
        item.canBeTicked &&
        html`<button class="btn small add" onClick=${() => tick(item)}>
          Mark done<${Of} item=${item} />
        </button>`
      }
    </div>
  </li>`;
}

/** The subject of a button, for screen readers. @param {{ item: MaintenanceItem }} props */
const Of = ({ item }) => html`<span class="visually-hidden"> for ${item.title}</span>`;

/** "not yet" for `notYet`, "OK" for `ok`. @param {string} name @param {number} number */
function countWords(name, number) {
  if (name === "attention") return nouns(number, "needs attention", "need attention");
  const state = name.replace(/[A-Z]/g, "_$&").toUpperCase();
  const word = STATE_WORDS[/** @type {MaintenanceItem["state"]} */ (state)];
  return word === "OK" ? word : word.toLowerCase();
}

/** @param {string} name */
const words = (name) => name[0] + name.slice(1).toLowerCase();
