// Some 10 ms of work, as a handler has it that turns rows into a page.
const ROWS = 10_000;

export function work() {
  const rows = Array.from({ length: ROWS }, (_, at) => ({
    id: at,
    name: `name ${(at * 7_919) % 10_007}`,
    score: Math.sqrt(at).toFixed(3),
  }));
  rows.sort((one, other) => (one.name < other.name ? -1 : 1));
  const page = rows.map((row) => `<li>${row.id} ${row.name.toUpperCase()} ${row.score}</li>`);
  return String(page.join("").length);
}
