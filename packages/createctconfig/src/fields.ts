import { fromUtf8 } from '@sigstand/pki/pem';
import { type Message, ProtoTextError, type Value, valuesIn } from './prototext.ts';

/* The fields of a message in text, by their names. Each throws ProtoTextError where there is no such field. */

/** All values of a field that may be there several times. */
export function all(message: Message, name: string): Value[] {
  return message.filter(([field]) => field === name).flatMap(([, value]) => [...valuesIn(value)]);
}

/** The messages of a field that may be there several times. */
export function messagesIn(message: Message, name: string): Message[] {
  return all(message, name).map((value) => {
    if (isMessage(value)) return value;
    throw new ProtoTextError(`has a ${name} that is not a message`);
  });
}

export function optional(message: Message, name: string): Value | undefined {
  const [value, ...others] = all(message, name);
  if (others.length > 0) throw new ProtoTextError(`has more than one ${name}; one is kept here`);
  return value;
}

export function one(message: Message, name: string): Value {
  const value = optional(message, name);
  if (value === undefined) throw new ProtoTextError(`has no ${name}`);
  return value;
}

export function messageIn(message: Message, name: string): Message {
  const value = one(message, name);
  if (!isMessage(value)) throw new ProtoTextError(`has a ${name} that is not a message`);
  return value;
}

export function bytesIn(message: Message, name: string): Uint8Array {
  const value = one(message, name);
  if (!(value instanceof Uint8Array)) throw new ProtoTextError(`has a ${name} without quotes`);
  return value;
}

export function text(message: Message, name: string): string {
  return fromUtf8(bytesIn(message, name));
}

export function asText(value: Value): string {
  if (!(value instanceof Uint8Array)) throw new ProtoTextError('has a path without quotes');
  return fromUtf8(value);
}

export function word(message: Message, name: string): string {
  const value = one(message, name);
  if (typeof value !== 'string') throw new ProtoTextError(`has a ${name} that is not a number`);
  return value;
}

/** Whether a field says yes; one that is not there says no. */
export function isSet(message: Message, name: string): boolean {
  return isYes(optional(message, name));
}

export function isYes(value: Value | undefined): boolean {
  return typeof value === 'string' && /^(true|True|t|1)$/.test(value);
}

export function isMessage(value: Value | undefined): value is Message {
  return Array.isArray(value);
}

/** A message with another value in its one field of a name. */
export function changed(message: Message, name: string, change: (value: Value) => Value): Message {
  const before = one(message, name);
  return message.map((field) => (field[0] === name ? [name, change(before)] : field));
}

/** A message without some fields. */
export function without(message: Message, ...names: readonly string[]): Message {
  return message.filter(([name]) => !names.includes(name));
}
