package org.mobula.core.random;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.random.RandomGenerator;

/**
 * NumPy's default random numbers: {@code new Pcg64(seed)} draws bit for bit what {@code
 * numpy.random.Generator(PCG64(seed))} draws (PCG XSL-RR 128/64, O'Neill 2014).
 *
 * <p>No draw allocates. One thread at a time; give each its own {@linkplain SeedSequence#stream
 * stream}.
 */
public final class Pcg64 implements RandomGenerator {
  private static final long MULTIPLIER_HIGH = 0x2360ed051fc65da4L;
  private static final long MULTIPLIER_LOW = 0x4385df649fccf645L;
  private static final int STATE_WORDS = 5;
  private static final long WORD = 0xffffffffL;
  private static final double DOUBLE_UNIT = 0x1p-53;
  private static final float FLOAT_UNIT = 0x1p-24f;
  private static final double PROBABILITY_TOLERANCE = 1e-6;

  private long high;
  private long low;
  private long incrementHigh;
  private long incrementLow;

  /**
   * The upper half of the last 64 bits, which the next 32-bit draw takes; -1 where there is none.
   */
  private long buffered = -1;

  /** The generator of a root seed. A negative one stands for its 64 bits read as unsigned. */
  public Pcg64(long seed) {
    this(SeedSequence.of(seed));
  }

  /** The generator of a stream. */
  public Pcg64(SeedSequence seed) {
    long[] words = seed.generateState(4);
    incrementHigh = words[2] << 1 | words[3] >>> 63;
    incrementLow = words[3] << 1 | 1;
    advance();
    long sum = low + words[1];
    high += words[0] + (Long.compareUnsigned(sum, low) < 0 ? 1 : 0);
    low = sum;
    advance();
  }

  private void advance() {
    long productHigh =
        unsignedMultiplyHigh(low, MULTIPLIER_LOW) + high * MULTIPLIER_LOW + low * MULTIPLIER_HIGH;
    long productLow = low * MULTIPLIER_LOW;
    low = productLow + incrementLow;
    high = productHigh + incrementHigh + (Long.compareUnsigned(low, productLow) < 0 ? 1 : 0);
  }

  /** {@code Math.unsignedMultiplyHigh}, which is younger than Java 17. */
  private static long unsignedMultiplyHigh(long a, long b) {
    return Math.multiplyHigh(a, b) + (a >> 63 & b) + (b >> 63 & a);
  }

  /** 64 uniform bits: NumPy's {@code next_uint64}. */
  @Override
  public long nextLong() {
    advance();
    return Long.rotateRight(high ^ low, (int) (high >>> 58));
  }

  /** 32 uniform bits: NumPy's {@code next_uint32}, which spends 64 bits on two draws. */
  @Override
  public int nextInt() {
    if (buffered >= 0) {
      int bits = (int) buffered;
      buffered = -1;
      return bits;
    }
    long bits = nextLong();
    buffered = bits >>> 32;
    return (int) bits;
  }

  /** Uniform in {@code [0, bound)}: NumPy's {@code integers(bound)}. */
  @Override
  public int nextInt(int bound) {
    return (int) integers(0, bound);
  }

  /** Uniform in {@code [low, high)}: NumPy's {@code integers(low, high)}. */
  @Override
  public int nextInt(int low, int high) {
    return (int) integers(low, high);
  }

  /** Uniform in {@code [0, bound)}: NumPy's {@code integers(bound)}. */
  @Override
  public long nextLong(long bound) {
    return integers(0, bound);
  }

  /** Uniform in {@code [low, high)}: NumPy's {@code integers(low, high)}. */
  @Override
  public long nextLong(long low, long high) {
    return integers(low, high);
  }

  @Override
  public boolean nextBoolean() {
    return nextInt() < 0;
  }

  /** Uniform in {@code [0, 1)}: NumPy's {@code random()}. */
  @Override
  public double nextDouble() {
    return (nextLong() >>> 11) * DOUBLE_UNIT;
  }

  /** Uniform in {@code [0, 1)}: NumPy's {@code random(dtype=float32)}. */
  @Override
  public float nextFloat() {
    return (nextInt() >>> 8) * FLOAT_UNIT;
  }

  /** Normal with mean 0 and variance 1: NumPy's {@code standard_normal()} up to rounding. */
  @Override
  public double nextGaussian() {
    return Ziggurat.draw(this);
  }

  /** Uniform in {@code [low, high)}: NumPy's {@code uniform(low, high)}. */
  public double uniform(double low, double high) {
    return low + (high - low) * nextDouble();
  }

  /**
   * Uniform in {@code [low, high)}: NumPy's {@code integers(low, high)} for 64-bit integers, by
   * Lemire's method (2019), on 32 bits where the range allows.
   */
  public long integers(long low, long high) {
    if (low >= high) {
      throw new IllegalArgumentException(
          "no integer in [" + low + ", " + high + "): low must be < high");
    }
    long range = high - 1 - low;
    if (range == 0) {
      return low;
    }
    if (range == WORD) {
      return low + (nextInt() & WORD);
    }
    if (range == -1) {
      return nextLong();
    }
    return low + (Long.compareUnsigned(range, WORD) < 0 ? below32(range + 1) : below64(range + 1));
  }

  private long below32(long bound) {
    long product = (nextInt() & WORD) * bound;
    long leftover = product & WORD;
    if (leftover < bound) {
      long threshold = (WORD + 1 - bound) % bound;
      while (leftover < threshold) {
        product = (nextInt() & WORD) * bound;
        leftover = product & WORD;
      }
    }
    return product >>> 32;
  }

  private long below64(long bound) {
    long bits = nextLong();
    long leftover = bits * bound;
    if (Long.compareUnsigned(leftover, bound) < 0) {
      long threshold = Long.remainderUnsigned(-bound, bound);
      while (Long.compareUnsigned(leftover, threshold) < 0) {
        bits = nextLong();
        leftover = bits * bound;
      }
    }
    return unsignedMultiplyHigh(bits, bound);
  }

  /**
   * An index with the given probabilities: NumPy's {@code choice(len(p), p=p)}.
   *
   * @param probabilities not negative, with the sum 1
   */
  public int choice(double[] probabilities) {
    double sum = 0;
    for (int i = 0; i < probabilities.length; i++) {
      if (!(probabilities[i] >= 0)) {
        throw new IllegalArgumentException(
            "probability " + i + " is " + probabilities[i] + " but must be >= 0");
      }
      sum += probabilities[i];
    }
    if (!(Math.abs(sum - 1) <= PROBABILITY_TOLERANCE)) {
      throw new IllegalArgumentException(
          "the " + probabilities.length + " probabilities sum to " + sum + " but must sum to 1");
    }
    double draw = nextDouble();
    double cumulative = 0;
    for (int i = 0; i < probabilities.length - 1; i++) {
      cumulative += probabilities[i];
      if (cumulative / sum > draw) {
        return i;
      }
    }
    return probabilities.length - 1;
  }

  /** Puts the values in a uniformly random order, in place (Fisher and Yates). */
  public void shuffle(int[] values) {
    for (int i = values.length - 1; i > 0; i--) {
      int j = (int) below32(i + 1L);
      int value = values[i];
      values[i] = values[j];
      values[j] = value;
    }
  }

  /** Fills the array with {@code 0, 1, 2, …} in a uniformly random order. */
  public void permutation(int[] order) {
    for (int i = 0; i < order.length; i++) {
      order[i] = i;
    }
    shuffle(order);
  }

  /** Everything that later draws depend on; for {@link #restore}. */
  public long[] state() {
    return new long[] {high, low, incrementHigh, incrementLow, buffered};
  }

  /** Continues from a {@link #state}, of this generator or another. */
  public void restore(long[] state) {
    if (state.length != STATE_WORDS) {
      throw new IllegalArgumentException(
          "a generator's state has " + STATE_WORDS + " words, this one " + state.length);
    }
    high = state[0];
    low = state[1];
    incrementHigh = state[2];
    incrementLow = state[3];
    buffered = state[4];
  }

  /** Writes the {@link #state}. */
  public void writeState(DataOutput out) throws IOException {
    for (long word : state()) {
      out.writeLong(word);
    }
  }

  /** Goes on from what {@link #writeState} wrote. */
  public void readState(DataInput in) throws IOException {
    long[] words = new long[STATE_WORDS];
    for (int i = 0; i < words.length; i++) {
      words[i] = in.readLong();
    }
    restore(words);
  }
}
