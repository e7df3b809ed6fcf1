/**
 * A file sealed in chunks (AES-256-GCM), so that hundreds of gigabytes are sealed, opened and
 * verified with a chunk of memory. Each chunk's nonce is its number and whether it is the last: a
 * chunk that is changed, moved, repeated or left out, or a file that is cut, does not open.
 *
 *   "DSW1" · chunk size, u32 LE · salt, 32 bytes · chunks, each followed by its tag of 16 bytes
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";

export const CHUNK_BYTES = 1024 * 1024;
const MAGIC = Buffer.from("DSW1");
const SALT_BYTES = 32;
const HEAD_BYTES = MAGIC.length + 4 + SALT_BYTES;
const TAG_BYTES = 16;
const CHUNK_BYTES_MAX = 64 * 1024 * 1024;

/** What a sealed file is not, in words for whoever has it. */
export class SealFault extends Error {}

/** `name` is bound to the content: a file under another's name does not open. */
export async function* sealed(
  source: AsyncIterable<Buffer>,
  dataKey: Buffer,
  name: string,
  chunkBytes = CHUNK_BYTES,
): AsyncGenerator<Buffer> {
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32LE(chunkBytes, MAGIC.length);
  randomBytes(SALT_BYTES).copy(head, MAGIC.length + 4);
  yield head;
  const key = keyOf(dataKey, name, head);
  for await (const { index, last, bytes } of chunks(source, chunkBytes)) {
    const cipher = createCipheriv("aes-256-gcm", key, nonceOf(index, last));
    cipher.setAAD(head);
    yield Buffer.concat([cipher.update(bytes), cipher.final(), cipher.getAuthTag()]);
  }
}

/** Throws a SealFault at the first chunk that is not as it was sealed; what came before it was. */
export async function* opened(
  source: AsyncIterable<Buffer>,
  dataKey: Buffer,
  name: string,
): AsyncGenerator<Buffer> {
  const reader = new Reader(source);
  const head = await reader.take(HEAD_BYTES);
  const chunkBytes = head.length === HEAD_BYTES ? head.readUInt32LE(MAGIC.length) : 0;
  const isOurs = head.subarray(0, MAGIC.length).equals(MAGIC);
  if (!isOurs || chunkBytes === 0 || chunkBytes > CHUNK_BYTES_MAX) {
    throw new SealFault("it is no sealed file");
  }
  const key = keyOf(dataKey, name, head);
  for (let index = 0; ; index += 1) {
    const piece = await reader.take(chunkBytes + TAG_BYTES);
    const last = await reader.isAtEnd();
    if (piece.length < TAG_BYTES) throw new SealFault(`it is cut off at chunk ${index}`);
    const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(index, last));
    decipher.setAAD(head);
    decipher.setAuthTag(piece.subarray(-TAG_BYTES));
    const bytes = decipher.update(piece.subarray(0, -TAG_BYTES));
    try {
      decipher.final();
    } catch {
      throw new SealFault(`it does not open at chunk ${index}: changed, cut off, or another key`);
    }
    yield bytes;
    if (last) return;
  }
}

/** A key of its own for each file: nonces may begin at 0 in all of them. */
function keyOf(dataKey: Buffer, name: string, head: Buffer): Buffer {
  const salt = head.subarray(MAGIC.length + 4);
  return Buffer.from(hkdfSync("sha256", dataKey, salt, `deepseek weights file\0${name}`, 32));
}

function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce.writeUInt8(last ? 1 : 0, 11);
  return nonce;
}

/** Of equal size; the last one may be shorter, and there is always one. */
async function* chunks(source: AsyncIterable<Buffer>, chunkBytes: number) {
  const reader = new Reader(source);
  for (let index = 0; ; index += 1) {
    const bytes = await reader.take(chunkBytes);
    const last = await reader.isAtEnd();
    yield { index, last, bytes };
    if (last) return;
  }
}

/** Takes as many bytes as are asked for, however the source cuts them. */
class Reader {
  readonly #source: AsyncIterator<Buffer>;
  #held: Buffer[] = [];
  #bytes = 0;
  #ended = false;

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Fewer only at the end. */
  async take(count: number): Promise<Buffer> {
    await this.#fill(count);
    const [first] = this.#held;
    const all = this.#held.length === 1 && first !== undefined ? first : Buffer.concat(this.#held);
    const taken = all.subarray(0, count);
    const rest = all.subarray(count);
    this.#held = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    return taken;
  }

  async isAtEnd(): Promise<boolean> {
    await this.#fill(1);
    return this.#bytes === 0;
  }

  async #fill(count: number): Promise<void> {
    while (this.#bytes < count && !this.#ended) {
      const next = await this.#source.next();
      if (next.done === true) {
        this.#ended = true;
        return;
      }
      this.#held.push(next.value);
      this.#bytes += next.value.length;
    }
  }
}
