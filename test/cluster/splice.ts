import type { Socket } from 'node:net';

/** Passes bytes both ways between two connections; each ends with the other. */
export function splice(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one);
  one.on('error', () => other.destroy()).on('close', () => other.destroy());
  other.on('error', () => one.destroy()).on('close', () => one.destroy());
}
