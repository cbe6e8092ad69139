// Lengths in meters. The international yard is 0.9144 m exactly (1959).

const METERS: Record<string, number> = { mm: 0.001, cm: 0.01, m: 1, km: 1000, in: 0.0254, ft: 0.3048, mi: 1609.344 };

export const UNITS = Object.keys(METERS);

export function convert(value: number, from: string, to: string): number {
  for (const unit of [from, to]) {
    if (!(unit in METERS)) throw new Error(`unit: found ${unit}; allowed: ${UNITS.join(", ")}`);
  }
  return Number(((value * METERS[from]) / METERS[to]).toPrecision(12));
}
