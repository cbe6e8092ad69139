// @ts-check
/** The migrations page. */
import { html } from "htm/preact";
import { gql } from "../lib/documents.js";
import { count } from "../lib/format.js";
import { useQuery } from "../lib/load.js";
import { Failure, Time, Top } from "../lib/parts.js";
import { Table } from "../lib/table.js";
import { untrusted } from "../lib/untrusted-text.js";

const LIST = gql("query Migrations { migrations { id title appliedAt state } }");

/** @typedef {import("../types/documents").MigrationsData["migrations"][number]} Migration */

/** @type {Record<Migration["state"], string>} */
const SAID = {
  APPLIED: "Applied",
  PENDING: "Pending",
  CHANGED: "Changed",
  MISSING: "File missing",
};

export function MigrationsPage() {
  const { data, error, reload } = useQuery(LIST, {});
  const migrations = data?.migrations;
  return html`<${Top} title="Migrations" text="Changes to the database schema." />
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    <div class="care">
      ${migrations && html`<${WhatToDo} migrations=${migrations} />`}
      <section class="card" aria-label="Migrations">
        <${Table}
          label="Migrations"
          heads=${["Migration", "Description", "State", "Applied"]}
          widths=${["30%", "", "9rem", "9rem"]}
          rows=${migrations && [...migrations].reverse()}
          row=${(/** @type {Migration} */ one) =>
            html`<tr key=${one.id}>
              <td><code>${untrusted(one.id)}</code></td>
              <td>${untrusted(one.title)}</td>
              <td data-label="State">
                <span class="badge ${one.state === "APPLIED" ? "" : "bad"}">
                  ${SAID[one.state]}
                </span>
              </td>
              <td class="when" data-label="Applied">
                <${Time} iso=${one.appliedAt} none="not yet" />
              </td>
            </tr>`}
          hasFailed=${Boolean(error)}
        />
      </section>
    </div>`;
}

/** @param {{ migrations: Migration[] }} props */
function WhatToDo({ migrations }) {
  const inState = (/** @type {Migration["state"][]} */ ...states) =>
    migrations.filter((one) => states.includes(one.state));
  const broken = inState("CHANGED", "MISSING");
  const due = inState("PENDING");
  if (broken.length > 0) {
    return html`<p class="notice bad" role="alert">
      ${broken.length} of the applied migrations have changed or are missing. Restore the original
      files. If a newer version created this database, run that version.
    </p>`;
  }
  if (due.length > 0) {
    return html`<p class="notice" role="status">
      <span>
        ${count(due.length, "migration is", "migrations are")} pending. Review the SQL with${" "}
        <code>aiwebengine migrate up --dry-run</code>, then run${" "}
        <code>aiwebengine migrate up</code>, which creates a backup first.
      </span>
    </p>`;
  }
  return html`<p class="card part" role="status">
    <span>
      All migrations are applied. To roll back the newest, run${" "}
      <code>aiwebengine migrate down</code>.
    </span>
  </p>`;
}
