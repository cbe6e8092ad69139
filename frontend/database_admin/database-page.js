// @ts-check
/** The database page: size, tables, indexes, activity and vacuum. */
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { gql } from "../lib/documents.js";
import { useQuery, useRefresh } from "../lib/load.js";
import { Failure, Time, Top } from "../lib/parts.js";
import { useParameters } from "../lib/router.js";
import { count, size } from "../lib/format.js";
import { Activity, ACTIVITY } from "./activity.js";
import { Growth } from "./growth.js";
import { INDEX, Indexes } from "./indexes.js";
import { Statements, STATEMENTS } from "./statements.js";
import { TABLE, Tables } from "./tables.js";
import { RUNNING_VACUUM, Vacuum, VACUUM_RUN } from "./vacuum.js";

const DEFAULTS = { days: "90", tables: "-sizeBytes", indexes: "-sizeBytes" };
// Activity changes fast; tables and indexes change slowly.
const LOOK_EVERY = 3_000;

const FACTS = gql(
  `query DatabaseFacts($days: Int!) {
    database {
      version startedAt sizeBytes statsSince
      growth(days: $days) { at sizeBytes }
      tables(first: 200) { ...TableFields }
      indexes(first: 200) { ...IndexFields }
      statements(first: 10) { ...StatementsFields }
    }
  }`,
  TABLE,
  INDEX,
  STATEMENTS,
);
const NOW = gql(
  `query DatabaseActivity {
    database {
      ...ActivityFields
      connections { used maximum reserved }
      lastVacuum { ...VacuumRunFields }
      vacuums { ...RunningVacuumFields }
    }
  }`,
  ACTIVITY,
  VACUUM_RUN,
  RUNNING_VACUUM,
);

/** @typedef {import("../types/documents").DatabaseFactsData["database"]} Facts */
/** @typedef {import("../types/documents").DatabaseActivityData["database"]["connections"]} Connections */

export function DatabasePage() {
  const [state, setState] = useParameters(DEFAULTS);
  const facts = useQuery(FACTS, { days: Number(state.days) || 90 });
  const now = useQuery(NOW, {});
  useRefresh(now.reload, LOOK_EVERY);
  const run = now.data?.database.lastVacuum;
  useReloadAfter(run?.state === "RUNNING" ? run.id : null, facts.reload);
  const database = facts.data?.database;
  const current = now.data?.database;
  const error = facts.error ?? now.error;
  const reload = () => Promise.all([facts.reload(), now.reload()]);
  return html`<${Top} title="Database" text="Size, tables, connections and slow statements.">
      <button class="btn glass" onClick=${reload}>Refresh</button>
    <//>
    ${error && html`<${Failure} error=${error} retry=${reload} />`}
    <div class="care">
      <${Summary} database=${database} connections=${current?.connections} />
      <${Growth}
        points=${database?.growth}
        days=${state.days}
        change=${(/** @type {string} */ days) => setState({ days })}
      />
      <${Activity} current=${current} />
      <${Statements} statements=${database?.statements} />
      <${Vacuum} run=${run} running=${current?.vacuums} reload=${now.reload} />
      <${Tables}
        tables=${database?.tables}
        sort=${state.tables}
        change=${(/** @type {string} */ tables) => setState({ tables }, true)}
        isBusy=${run?.state === "RUNNING"}
        reload=${now.reload}
      />
      <${Indexes}
        indexes=${database?.indexes}
        since=${database?.statsSince}
        sort=${state.indexes}
        change=${(/** @type {string} */ indexes) => setState({ indexes }, true)}
      />
    </div>`;
}

/**
 * Reloads once a run has ended.
 * @param {string | null} id
 * @param {() => void} reload
 */
function useReloadAfter(id, reload) {
  const before = useRef(id);
  useEffect(() => {
    if (before.current && !id) reload();
    before.current = id;
  }, [id, reload]);
}

/** @param {{ database: Facts | undefined, connections: Connections | undefined }} props */
function Summary({ database, connections }) {
  const rows = database?.tables.reduce((sum, table) => sum + (table.estimatedRows ?? 0), 0);
  return html`<section class="facts" aria-label="Summary">
    <div class="card">
      <h2>Size</h2>
      <b class="number">${database ? size(database.sizeBytes) : "–"}</b>
      <span>about ${count(rows, "row")}</span>
    </div>
    <div class="card">
      <h2>Connections</h2>
      <b class="number">${count(connections?.used)}</b>
      <span>of ${count(connections?.maximum)}, ${count(connections?.reserved)} reserved</span>
    </div>
    <div class="card">
      <h2>PostgreSQL</h2>
      <b class="number">${database?.version.split(" ")[0] ?? "–"}</b>
      <span>started ${database ? html`<${Time} iso=${database.startedAt} />` : "–"}</span>
    </div>
  </section>`;
}
