import { expect } from 'vitest';
import type { Report, Served } from './client.ts';
import type { Flight } from './flights.ts';

/** Fails where a client was refused, or where not all were tried; returns what to tell of it. */
export function expectFollowed(
  report: Report,
  served: readonly Served[],
  planned: readonly Flight[],
): string {
  const { client, fresh, updates, flights, refused, refusals } = report;
  expect(refusals).toEqual([]);
  const pairs = (served.length * (served.length + 1)) / 2;
  expect(fresh).toEqual({ tried: 2 * served.length, accepted: 2 * served.length });
  expect(updates).toEqual({ tried: pairs, accepted: pairs });
  expect(flights.accepted).toBe(flights.tried);
  // Five ways in which the later files may come in between, for one client at least.
  expect(flights.tried).toBeGreaterThanOrEqual(5 * planned.length);
  return (
    `${client}: ${fresh.accepted} clients from 1.root.json, ${updates.accepted} from earlier states, ` +
    `${flights.accepted} in flight; refused: ${refused}`
  );
}
