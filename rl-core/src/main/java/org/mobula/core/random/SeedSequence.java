package org.mobula.core.random;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Turns a seed into as many well-mixed words as a generator wants, and into independent children.
 *
 * <p>Bit for bit NumPy's {@code numpy.random.SeedSequence} with a pool of four words (after Melissa
 * O'Neill's {@code seed_seq_fe}), so that a seed means here what it means in Gymnasium. Immutable.
 */
public final class SeedSequence {
  private static final int POOL_WORDS = 4;
  private static final int INIT_A = 0x43b0d7e5;
  private static final int MULT_A = 0x931e8875;
  private static final int INIT_B = 0x8b51f9dd;
  private static final int MULT_B = 0x58f38ded;
  private static final int MIX_LEFT = 0xca01f9dd;
  private static final int MIX_RIGHT = 0x4973f715;
  private static final int SHIFT = 16;
  private static final long FNV_OFFSET = 0xcbf29ce484222325L;
  private static final long FNV_PRIME = 0x100000001b3L;

  private final int[] entropy;
  private final int[] spawnKey;
  private final int[] pool;

  private SeedSequence(int[] entropy, int[] spawnKey) {
    this.entropy = entropy;
    this.spawnKey = spawnKey;
    this.pool = mix(assemble(entropy, spawnKey));
  }

  /** The root of a seed. A negative one stands for its 64 bits read as an unsigned number. */
  public static SeedSequence of(long seed) {
    int low = (int) seed;
    int high = (int) (seed >>> 32);
    return new SeedSequence(high == 0 ? new int[] {low} : new int[] {low, high}, new int[0]);
  }

  /**
   * The root of a seed wider than 64 bits.
   *
   * @param words at least one unsigned 32-bit word, the least significant first
   */
  public static SeedSequence ofWords(int... words) {
    if (words.length == 0) {
      throw new IllegalArgumentException("a seed needs at least one word");
    }
    return new SeedSequence(words.clone(), new int[0]);
  }

  /**
   * A child that is independent of this sequence and of its other children.
   *
   * @param keys appended to this sequence's spawn key, each an unsigned 32-bit word; {@code
   *     spawn(3)} is the fourth child that NumPy's {@code spawn} hands out
   */
  public SeedSequence spawn(int... keys) {
    if (keys.length == 0) {
      throw new IllegalArgumentException("a child needs at least one spawn key");
    }
    int[] key = Arrays.copyOf(spawnKey, spawnKey.length + keys.length);
    System.arraycopy(keys, 0, key, spawnKey.length, keys.length);
    return new SeedSequence(entropy, key);
  }

  /**
   * The child with this name, such as {@code "environment/3"}: its spawn key is the 64-bit FNV-1a
   * hash of the name in UTF-8, low word first, so that it depends on nothing but seed and name.
   */
  public SeedSequence stream(String name) {
    long hash = FNV_OFFSET;
    for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
      hash = (hash ^ (b & 0xff)) * FNV_PRIME;
    }
    return spawn((int) hash, (int) (hash >>> 32));
  }

  /** The first {@code count} 64-bit words, as NumPy's {@code generate_state(count, uint64)}. */
  public long[] generateState(int count) {
    long[] state = new long[count];
    int hash = INIT_B;
    for (int i = 0; i < 2 * count; i++) {
      int word = pool[i % POOL_WORDS] ^ hash;
      hash *= MULT_B;
      word *= hash;
      word ^= word >>> SHIFT;
      state[i / 2] |= (word & 0xffffffffL) << (32 * (i % 2));
    }
    return state;
  }

  /**
   * Seed words, then the spawn key; padded between, lest a child equal the root of a longer seed.
   */
  private static int[] assemble(int[] entropy, int[] spawnKey) {
    if (spawnKey.length == 0) {
      return entropy;
    }
    int padded = Math.max(entropy.length, POOL_WORDS);
    int[] all = Arrays.copyOf(entropy, padded + spawnKey.length);
    System.arraycopy(spawnKey, 0, all, padded, spawnKey.length);
    return all;
  }

  private static int[] mix(int[] entropy) {
    int[] pool = new int[POOL_WORDS];
    int hash = INIT_A;
    for (int i = 0; i < POOL_WORDS; i++) {
      int next = hash * MULT_A;
      pool[i] = scramble(i < entropy.length ? entropy[i] : 0, hash, next);
      hash = next;
    }
    for (int source = 0; source < POOL_WORDS; source++) {
      for (int target = 0; target < POOL_WORDS; target++) {
        if (source != target) {
          int next = hash * MULT_A;
          pool[target] = combine(pool[target], scramble(pool[source], hash, next));
          hash = next;
        }
      }
    }
    for (int source = POOL_WORDS; source < entropy.length; source++) {
      for (int target = 0; target < POOL_WORDS; target++) {
        int next = hash * MULT_A;
        pool[target] = combine(pool[target], scramble(entropy[source], hash, next));
        hash = next;
      }
    }
    return pool;
  }

  private static int scramble(int word, int hash, int nextHash) {
    int mixed = (word ^ hash) * nextHash;
    return mixed ^ (mixed >>> SHIFT);
  }

  private static int combine(int x, int y) {
    int mixed = MIX_LEFT * x - MIX_RIGHT * y;
    return mixed ^ (mixed >>> SHIFT);
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof SeedSequence that
        && Arrays.equals(entropy, that.entropy)
        && Arrays.equals(spawnKey, that.spawnKey);
  }

  @Override
  public int hashCode() {
    return 31 * Arrays.hashCode(entropy) + Arrays.hashCode(spawnKey);
  }

  @Override
  public String toString() {
    return "SeedSequence(entropy=" + unsigned(entropy) + ", spawnKey=" + unsigned(spawnKey) + ")";
  }

  private static String unsigned(int[] words) {
    return Arrays.toString(Arrays.stream(words).mapToObj(Integer::toUnsignedString).toArray());
  }
}
