// Whether the evidence of a proof leads to the roots of its days (docs/reputation.md, "Roots"). It shares no code with the
// server.

export type Rooted = {
  day: number;
  first_slot: number;
  last_slot: number;
  version: number;
  nodes: number;
  root: string;
  place: number;
  of_node: { evidence: number; root: string };
  path: string[];
};
/** A piece of evidence with what its entry says. */
export type Piece = {
  requester: string;
  day: number;
  kind: string;
  program: string;
  job: string;
  units: bigint;
  slot: number;
  signature: string;
};

const ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const KINDS: Record<string, number> = { good: 1, failed: 2, expired: 3 };

/** Bytes of text in base58. */
export const base58 = (text: string, length: number): Uint8Array => {
  let number = 0n;
  for (const letter of text) {
    const digit = ALPHABET.indexOf(letter);
    if (digit < 0) throw new Error(`${text} is not base58`);
    number = number * 58n + BigInt(digit);
  }
  return little(number, length).reverse();
};

/** A whole number as bytes, the lowest first; negative ones in two's complement. */
const little = (number: bigint, length: number): Uint8Array => {
  const bytes = new Uint8Array(length);
  for (let place = 0; place < length; place += 1) {
    bytes[place] = Number((number >> BigInt(8 * place)) & 255n);
  }
  return bytes;
};

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
const unhex = (text: string): Uint8Array => Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));

const sha256 = async (...parts: Uint8Array[]): Promise<Uint8Array> => {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest("SHA-256", all));
};

const kindOf = (byte: number): Uint8Array => Uint8Array.of(byte);
const pair = (left: Uint8Array, right: Uint8Array): Promise<Uint8Array> => sha256(kindOf(1), left, right);

/** The root over leaves: neighbours together, level by level; the last of an odd number goes up as it is. */
const treeRoot = async (leaves: Uint8Array[]): Promise<Uint8Array> => {
  let level = leaves;
  while (level.length > 1) {
    const above: Uint8Array[] = [];
    for (let at = 0; at < level.length; at += 2) {
      above.push(at + 1 < level.length ? await pair(level[at], level[at + 1]) : level[at]);
    }
    level = above;
  }
  return level[0] ?? new Uint8Array(32);
};

/** The root that a leaf leads to; null where the path is not one of such a tree. */
const climb = async (leaf: Uint8Array, place: number, leaves: number, path: Uint8Array[]): Promise<Uint8Array | null> => {
  if (place >= leaves) return null;
  let [at, width, hash, used] = [place, leaves, leaf, 0];
  while (width > 1) {
    if (at % 2 === 1 || at + 1 < width) {
      if (used >= path.length) return null;
      hash = at % 2 === 1 ? await pair(path[used], hash) : await pair(hash, path[used]);
      used += 1;
    }
    at = Math.floor(at / 2);
    width = Math.ceil(width / 2);
  }
  return used === path.length ? hash : null;
};

const compareBytes = (a: Uint8Array, b: Uint8Array): number => {
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return a[at] - b[at];
  return 0;
};

type Ordered = { requester: Uint8Array; program: Uint8Array; job: Uint8Array; piece: Piece };

const order = (a: Ordered, b: Ordered): number =>
  compareBytes(a.requester, b.requester) ||
  a.piece.day - b.piece.day ||
  KINDS[a.piece.kind] - KINDS[b.piece.kind] ||
  compareBytes(a.program, b.program) ||
  compareBytes(a.job, b.job);

/** What is wrong with each root, in words: nothing where the evidence leads to it. */
export const underRoots = async (node: string, pieces: Piece[], roots: Rooted[]): Promise<string[]> => {
  const wrong: string[] = [];
  const address = base58(node, 32);
  for (const root of roots) {
    const own: Ordered[] = pieces
      .filter(({ slot }) => slot >= root.first_slot && slot <= root.last_slot)
      .map((piece) => ({
        requester: base58(piece.requester, 32),
        program: base58(piece.program, 32),
        job: base58(piece.job, 32),
        piece,
      }))
      .sort(order);
    const leaves: Uint8Array[] = [];
    for (const { requester, program, job, piece } of own) {
      leaves.push(
        await sha256(
          kindOf(0),
          address,
          requester,
          little(BigInt(piece.day), 4),
          kindOf(KINDS[piece.kind]),
          program,
          job,
          little(piece.units, 8),
          little(BigInt(piece.slot), 8),
          base58(piece.signature, 64),
        ),
      );
    }
    const leaf = await sha256(kindOf(2), address, little(BigInt(leaves.length), 8), await treeRoot(leaves));
    const top = await climb(leaf, root.place, root.nodes, root.path.map(unhex));
    const made =
      top &&
      (await sha256(
        kindOf(3),
        little(BigInt(root.version), 4),
        little(BigInt(root.day), 4),
        little(BigInt(root.first_slot), 8),
        little(BigInt(root.last_slot), 8),
        little(BigInt(root.nodes), 8),
        top,
      ));
    if (!made || hex(made) !== root.root) wrong.push(`root of day ${root.day}: the evidence does not lead to ${root.root}`);
  }
  return wrong;
};
