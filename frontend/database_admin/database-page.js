// @ts-check
/** The database: how large, how used, who is at it, and vacuum. */
import { html } from "htm/preact";
import { useEffect, useRef } from "preact/hooks";
import { useQuery, useRefresh } from "../lib/load.js";
import { Failure, Time, Top } from "../lib/parts.js";
import { useParameters } from "../lib/router.js";
import { count, size } from "../lib/format.js";
import { Activity } from "./activity.js";
import { Growth } from "./growth.js";
import { Indexes } from "./indexes.js";
import { Statements } from "./statements.js";
import { Tables } from "./tables.js";
import { Vacuum } from "./vacuum.js";

const DEFAULTS = { days: "90", tables: "-sizeBytes", indexes: "-sizeBytes" };
// What happens in the database is over soon; what it is made of changes slowly.
const LOOK_EVERY = 3_000;

const FACTS = `query ($days: Int!) { database {
  version startedAt sizeBytes statsSince
  growth(days: $days) { at sizeBytes }
  tables(first: 200) {
    name estimatedRows sizeBytes indexBytes deadRows
    lastVacuumAt lastAutovacuumAt lastAnalyzeAt lastAutoanalyzeAt
  }
  indexes(first: 200) { name table sizeBytes scans isUnused isValid bloatBytes definition }
  statements(first: 10) { source howToEnable slowest { statement calls meanMs longestMs } }
} }`;
const NOW = `{ database {
  connections { used maximum reserved groups { state application userName count longestSeconds } }
  transactions(first: 20) { pid application state transactionSeconds waitsFor statement }
  locks(first: 20) {
    table mode waitedSeconds
    waiting { pid application statement } holders { pid application state statement }
  }
  lastVacuum {
    id state startedAt startedBy endedAt tables tablesDone currentTable phase percent message
  }
  vacuums { pid table phase percent isAutomatic }
} }`;

export function DatabasePage() {
  const [state, setState] = useParameters(DEFAULTS);
  const facts = useQuery(FACTS, { days: Number(state.days) || 90 });
  const now = useQuery(NOW, {});
  useRefresh(now.reload, LOOK_EVERY);
  const run = now.data?.database.lastVacuum;
  useReloadAfter(run?.state === "RUNNING" ? run.id : null, facts.reload);
  const database = facts.data?.database;
  const current = now.data?.database;
  const reload = () => Promise.all([facts.reload(), now.reload()]);
  return html`<${Top} title="Database" text="Size, tables, connections and what is slow.">
      <button class="btn glass" onClick=${reload}>Refresh</button>
    <//>
    ${(facts.error || now.error) && html`<${Failure} error=${facts.error ?? now.error} retry=${reload} />`}
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
 * Reloads once what was under way has ended.
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

/** @param {any} props */
function Summary({ database, connections }) {
  const rows = database?.tables.reduce(
    (/** @type {number} */ sum, /** @type {any} */ table) => sum + (table.estimatedRows ?? 0),
    0,
  );
  return html`<section class="facts" aria-label="Summary">
    <div class="card">
      <h2>Size</h2>
      <b class="number">${database ? size(database.sizeBytes) : "–"}</b>
      <span>about ${count(rows, "row")}</span>
    </div>
    <div class="card">
      <h2>Connections</h2>
      <b class="number">${count(connections?.used)}</b>
      <span>of ${count(connections?.maximum)}, ${count(connections?.reserved)} kept back</span>
    </div>
    <div class="card">
      <h2>PostgreSQL</h2>
      <b class="number">${database?.version.split(" ")[0] ?? "–"}</b>
      <span>up since ${database ? html`<${Time} iso=${database.startedAt} />` : "–"}</span>
    </div>
  </section>`;
}
