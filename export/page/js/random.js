/** NumPy's `RandomState`, whose stream never changes: the Mersenne Twister MT19937.
 *
 * Matsumoto & Nishimura, "Mersenne Twister", 1998; normal values by Marsaglia's polar method.
 */

const LENGTH = 624;
const MIDDLE = 397;

export class RandomState {
  #key = new Uint32Array(LENGTH);
  #next = LENGTH;
  #spare = null;

  /** `seed` is an integer from 0 to 2**32 - 1, or an array of them. */
  constructor(seed) {
    if (Array.isArray(seed)) this.#seedByArray(seed);
    else this.#seedByNumber(seed);
  }

  #seedByNumber(seed) {
    const key = this.#key;
    key[0] = seed;
    for (let i = 1; i < LENGTH; i++) key[i] = Math.imul(1812433253, mixed(key, i)) + i;
  }

  #seedByArray(words) {
    const key = this.#key;
    this.#seedByNumber(19650218);
    let i = 1;
    const advance = () => {
      if (++i < LENGTH) return;
      key[0] = key[LENGTH - 1];
      i = 1;
    };
    for (let step = 0; step < Math.max(LENGTH, words.length); step++) {
      const j = step % words.length;
      key[i] = (key[i] ^ Math.imul(1664525, mixed(key, i))) + words[j] + j;
      advance();
    }
    for (let step = 1; step < LENGTH; step++) {
      key[i] = (key[i] ^ Math.imul(1566083941, mixed(key, i))) - i;
      advance();
    }
    key[0] = 0x80000000;
  }

  #refill() {
    const key = this.#key;
    for (let i = 0; i < LENGTH; i++) {
      const word = (key[i] & 0x80000000) | (key[(i + 1) % LENGTH] & 0x7fffffff);
      key[i] = key[(i + MIDDLE) % LENGTH] ^ (word >>> 1) ^ (word & 1 ? 0x9908b0df : 0);
    }
    this.#next = 0;
  }

  /** An integer from 0 to 2**32 - 1. */
  word() {
    if (this.#next === LENGTH) this.#refill();
    let word = this.#key[this.#next++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  /** A number from 0 to 1, of 53 bits. */
  double() {
    const high = this.word() >>> 5;
    return (high * 67108864 + (this.word() >>> 6)) / 9007199254740992;
  }

  /** A number from `low` to `high`. */
  uniform(low, high) {
    return low + (high - low) * this.double();
  }

  /** A standard normal number. */
  normal() {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    let x, y, square;
    do {
      x = 2 * this.double() - 1;
      y = 2 * this.double() - 1;
      square = x * x + y * y;
    } while (square >= 1 || square === 0);
    const factor = Math.sqrt((-2 * Math.log(square)) / square);
    this.#spare = factor * x;
    return factor * y;
  }

  /** An integer from 0 to `count` - 1. */
  below(count) {
    const most = count - 1;
    const mask = 2 ** Math.ceil(Math.log2(count)) - 1;
    let found = 0;
    if (most > 0) do found = (this.word() & mask) >>> 0; while (found > most);
    return found;
  }
}

function mixed(key, i) {
  return key[i - 1] ^ (key[i - 1] >>> 30);
}
