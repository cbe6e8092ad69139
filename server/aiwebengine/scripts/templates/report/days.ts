// Days as people in a time zone know them.

export const dayOf = (at: Date, timeZone: string): string =>
  new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short" }).format(at);

export function dayBefore(at: Date, timeZone: string): string {
  const noon = new Date(`${dayOf(at, timeZone)}T12:00:00Z`);
  noon.setUTCDate(noon.getUTCDate() - 1);
  return noon.toISOString().slice(0, 10);
}

export const report = (day: string, visits: number): string =>
  `${day}: ${visits} ${visits === 1 ? "visit" : "visits"}`;
