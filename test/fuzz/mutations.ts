import { pem, pemBlocks } from '@sigstand/pki/pem';
import fc from 'fast-check';

/** One change: which, where, and with what. Every number means something for every input. */
export type Change = readonly [kind: number, where: number, what: number, bytes: Uint8Array];

export const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.uint8Array({ maxLength: 24 })),
  { minLength: 1, maxLength: 4 },
);

type Mutation = (bytes: Buffer, change: Change, samples: readonly Uint8Array[]) => Buffer;

/** Where in a list a number points. */
export const at = (list: { readonly length: number }, where: number) =>
  where % Math.max(1, list.length);

const octetMutations: readonly Mutation[] = [
  (bytes, [, where, what]) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[at(copy, where)]! ^= 1 << (what % 8);
    return copy;
  },
  (bytes, [, where, what]) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[at(copy, where)] = [0, 0x7f, 0x80, 0xff, 0x30, 0x0a][what % 6]!;
    return copy;
  },
  (bytes, [, where]) => bytes.subarray(0, at(bytes, where)),
  (bytes, [, where]) => bytes.subarray(at(bytes, where)),
  (bytes, [, where, what]) => cut(bytes, at(bytes, where), what % 64, Buffer.alloc(0)),
  (bytes, [, where, _what, more]) => cut(bytes, at(bytes, where), 0, more),
  (bytes, [, where, what]) => {
    const start = at(bytes, where);
    return cut(bytes, start, 0, bytes.subarray(start, start + (what % 200)));
  },
  (bytes, [kind, where, what], samples) => {
    const other = samples[kind % samples.length] ?? bytes;
    const from = at(other, what);
    return cut(bytes, at(bytes, where), what % 100, other.subarray(from, from + (kind % 300)));
  },
  (bytes) => Buffer.concat([bytes, bytes]),
];

function cut(bytes: Uint8Array, start: number, length: number, instead: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, start), instead, bytes.subarray(start + length)]);
}

function changed(
  mutations: readonly Mutation[],
  bytes: Uint8Array,
  all: readonly Change[],
  samples: readonly Uint8Array[],
): Buffer {
  return all.reduce<Buffer>(
    (now, change) => mutations[change[0] % mutations.length]!(now, change, samples),
    Buffer.from(bytes),
  );
}

/** Random bytes, and the samples with octets flipped, lost, moved, doubled, and taken from each other. */
export function octets(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const mutant = fc
    .tuple(fc.nat({ max: samples.length - 1 }), changes)
    .map(([index, all]) => changed(octetMutations, samples[index]!, all, samples));
  return fc.oneof(
    { weight: 9, arbitrary: mutant },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) },
  );
}

interface Node {
  tag: number;
  content: Buffer;
  children: Node[] | undefined;
}

/** DER as a tree; what is no DER inside is content. */
function treeOf(bytes: Buffer): Node[] | undefined {
  const nodes: Node[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = contentAt(bytes, start);
    if (found === undefined) return undefined;
    const tag = bytes[start]!;
    // Constructed elements, and what is often wrapped in OCTET STRING.
    const inner = tag & 0x20 || tag === 4 ? treeOf(found.content) : undefined;
    nodes.push({ tag, content: found.content, children: inner?.length ? inner : undefined });
    start = found.end;
  }
  return nodes;
}

function contentAt(bytes: Buffer, start: number): { content: Buffer; end: number } | undefined {
  const first = bytes[start + 1] ?? 0x80;
  const more = first < 0x80 ? 0 : first & 0x7f;
  const from = start + 2 + more;
  if (first === 0x80 || more > 3 || from > bytes.length) return undefined;
  const end = from + (more === 0 ? first : bytes.readUIntBE(start + 2, more));
  return end > bytes.length ? undefined : { content: bytes.subarray(from, end), end };
}

function written(nodes: readonly Node[]): Buffer {
  return Buffer.concat(
    nodes.map(({ tag, content, children }) => {
      const body = children ? written(children) : content;
      const length =
        body.length < 0x80
          ? [body.length]
          : body.length < 0x100
            ? [0x81, body.length]
            : [0x82, body.length >> 8, body.length & 0xff];
      return Buffer.concat([Buffer.from([tag, ...length]), body]);
    }),
  );
}

/** One change to one element, with the lengths around it made right again. */
const derMutation: Mutation = (bytes, [kind, where, what, more], samples) => {
  const tree = treeOf(bytes);
  if (!tree?.length)
    return octetMutations[kind % octetMutations.length]!(bytes, [kind, where, what, more], samples);
  const places: { list: Node[]; index: number }[] = [];
  const visit = (list: Node[]) =>
    list.forEach((node, index) => {
      places.push({ list, index });
      if (node.children) visit(node.children);
    });
  visit(tree);
  const { list, index } = places[where % places.length]!;
  const node = list[index]!;
  const other = places[what % places.length]!;
  const leaf = (content: Uint8Array) => ({
    ...node,
    children: undefined,
    content: Buffer.from(content),
  });
  switch (kind % 9) {
    case 0:
      list.splice(index, 1);
      break;
    case 1:
      list.splice(index, 0, structuredClone(node));
      break;
    case 2:
      list[index] = { ...node, tag: what & 0xff };
      break;
    case 3:
      list[index] = leaf(more);
      break;
    case 4:
      list[index] = leaf(Buffer.alloc(0));
      break;
    case 5:
      list[index] = structuredClone(other.list[other.index]!);
      break;
    case 6:
      list[index] = leaf(Buffer.alloc(what % 3_000, more[0] ?? 0xff));
      break;
    case 7:
      list[index] = { ...node, children: [structuredClone(node)] };
      break;
    default:
      list[index] = leaf(
        octetMutations[what % 6]!(Buffer.from(node.content), [0, kind, where, more], samples),
      );
  }
  return written(tree);
};

/** DER with these changes, most of them to whole elements. */
export function changedDer(bytes: Uint8Array, all: readonly Change[]): Uint8Array {
  return changed([derMutation, derMutation, ...octetMutations], bytes, all, [bytes]);
}

/** Random bytes, and DER with elements lost, doubled, exchanged, and with other tags and lengths. */
export function der(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const mutant = fc
    .tuple(fc.nat({ max: samples.length - 1 }), changes)
    .map(([index, all]) =>
      changed([derMutation, derMutation, ...octetMutations], samples[index]!, all, samples),
    );
  return fc.oneof(
    { weight: 9, arbitrary: mutant },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 400 }) },
  );
}

const labels = [
  'CERTIFICATE',
  'PUBLIC KEY',
  'PRIVATE KEY',
  'EC PRIVATE KEY',
  'RSA PRIVATE KEY',
  'ENCRYPTED PRIVATE KEY',
  'RSA PUBLIC KEY',
  'X',
];

/** PEM texts whose text is broken, whose DER is, whose labels are exchanged, whose order is. */
export function pemTexts(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const blocks = samples.map((sample) => pemBlocks(sample));
  const inside = fc
    .tuple(fc.nat({ max: samples.length - 1 }), changes, fc.nat(), fc.nat({ max: 9 }))
    .map(([index, all, which, label]) => {
      const parts = blocks[index]!;
      const texts = parts.map((block, position) => {
        if (position !== which % parts.length) return Buffer.from(block.text);
        const mutant = changed(
          [derMutation, derMutation, ...octetMutations],
          block.der,
          all,
          samples,
        );
        return Buffer.from(pem(labels[label] ?? block.label, mutant));
      });
      if (which % 5 === 0) texts.reverse();
      if (which % 7 === 0) texts.push(...texts.slice(0, 1 + (which % 3)));
      return new Uint8Array(Buffer.concat(texts));
    });
  return fc.oneof({ weight: 3, arbitrary: inside }, { weight: 1, arbitrary: octets(samples) });
}
