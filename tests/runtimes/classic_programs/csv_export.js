const rows = [
  ["name", "note"],
  ["Ada", 'says "hi"'],
  ["Bob", "a, b"],
];

const cell = (text) => (/[",\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text);

function download() {
  return {
    status: 200,
    contentType: "text/csv; charset=utf-8",
    headers: { "Content-Disposition": 'attachment; filename="people.csv"' },
    body: rows.map((row) => row.map(cell).join(",")).join("\r\n"),
  };
}

function init() {
  routeRegistry.registerRoute("/people.csv", "download", "GET");
}
