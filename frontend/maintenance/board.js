// @ts-check
/** The daily, weekly, monthly and quarterly lists. */
import { html } from "htm/preact";
import { nouns } from "../lib/format.js";
import { Time } from "../lib/parts.js";
import { stateWords, useEngineState } from "../lib/state.js";
import { untrusted } from "../lib/untrusted-text.js";

/** @typedef {import("../types/schema").MaintenanceItem} MaintenanceItem */

const FREQUENCIES = ["DAILY", "WEEKLY", "MONTHLY", "QUARTERLY"];
const COUNTS = ["overdue", "attention", "due", "notYet", "unknown", "ok"];
/** @type {Record<string, string>} */
export const STATE_WORDS = {
  OK: "OK",
  DUE: "Due",
  OVERDUE: "Overdue",
  ATTENTION: "Needs attention",
  UNKNOWN: "Unknown",
  NOT_YET: "Not yet",
};

/** @param {any} props */
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
          items=${board?.items.filter((/** @type {any} */ item) => item.frequency === frequency)}
          tasks=${tasks}
          run=${run}
          tick=${tick}
        />`,
    )}`;
}

/**
 * An engine that is down can't send its lists; of those of before, the line on its health is false.
 * @param {any} board @param {ReturnType<typeof useEngineState>} engine
 */
function asOfNow(board, engine) {
  const health = board?.items.find((/** @type {MaintenanceItem} */ item) => item.name === "health");
  if (engine.state !== "down" || health?.state !== "OK") return board;
  const now = { ...health, state: "ATTENTION", saw: stateWords(engine) };
  return {
    ...board,
    ok: board.ok - 1,
    attention: board.attention + 1,
    items: board.items.map((/** @type {MaintenanceItem} */ item) => (item === health ? now : item)),
  };
}

/** @param {any} props */
function List({ title, items, tasks, run, tick }) {
  return html`<section class="card duties" aria-label=${title}>
    <h2>${title}</h2>
    <ul>
      ${
        items
          ? items.map(
              (/** @type {MaintenanceItem} */ item) =>
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

/** @param {{ item: MaintenanceItem, tasks: any[], run: any, tick: any }} props */
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

/** What a button is about, for who can't see where it stands. @param {{ item: MaintenanceItem }} props */
const Of = ({ item }) => html`<span class="visually-hidden"> for ${item.title}</span>`;

/** "not yet" for `notYet`, "OK" for `ok`. @param {string} name @param {number} number */
function countWords(name, number) {
  if (name === "attention") return nouns(number, "needs attention", "need attention");
  const word = STATE_WORDS[name.replace(/[A-Z]/g, "_$&").toUpperCase()];
  return word === "OK" ? word : word.toLowerCase();
}

/** @param {string} name */
const words = (name) => name[0] + name.slice(1).toLowerCase();
