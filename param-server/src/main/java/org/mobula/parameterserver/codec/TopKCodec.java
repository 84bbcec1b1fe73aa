package org.mobula.parameterserver.codec;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;

/**
 * The k numbers of largest magnitude with their indexes, k = ⌈fraction · n⌉ of each segment; the
 * others read zero. Of equal magnitudes the lower index goes first; NaN counts as larger than
 * infinity, so that it is never lost. Zeros are not sent, so there may be fewer than k.
 *
 * <p>Layout: the number of entries in four bytes, their indexes in two bytes each, ascending, then
 * their values in four bytes each, bit for bit. With {@link ErrorFeedback} nothing is lost for
 * good: Sebastian Stich, Jean-Baptiste Cordonnier and Martin Jaggi, Sparsified SGD with Memory
 * (2018).
 */
final class TopKCodec extends Codec {
  private static final int ENTRY_BYTES = Short.BYTES + Float.BYTES;

  /** A magnitude's 31 bits are looked at in three steps, from the top: 11, 11 and 9 bits. */
  private static final int STEP_BITS = 11;

  private static final int FIRST_SHIFT = 31 - STEP_BITS;

  /** Counters that a loop takes in turn, so that no addition waits for the one before. */
  private static final int TURNS = 4;

  private final double fraction;
  private final int[] bins = new int[1 << STEP_BITS];
  private final short[] indexes = new short[SEGMENT];
  private final float[] kept = new float[SEGMENT];

  // For writing; a codec that only reads has none.
  private int[] bits = new int[0];
  private int[] magnitudes = new int[0];
  private int[] candidates = new int[0];
  private int[] inBin = new int[0];
  private int[] turns = new int[0];
  private final FloatBits floatBits = new FloatBits();

  TopKCodec(double fraction) {
    this.fraction = fraction;
  }

  @Override
  public CodecKind kind() {
    return CodecKind.TOP_K;
  }

  /** How many of so many numbers are sent. */
  int entries(int count) {
    return (int) Math.min(count, Math.ceil(fraction * count));
  }

  @Override
  public int maxEncodedBytes(int count) {
    return Integer.BYTES + ENTRY_BYTES * entries(count);
  }

  @Override
  void write(float[] values, int offset, int count, ByteBuffer target) {
    if (magnitudes.length == 0) {
      bits = new int[FloatBits.BLOCK];
      magnitudes = new int[SEGMENT];
      candidates = new int[SEGMENT];
      inBin = new int[SEGMENT];
      turns = new int[TURNS << STEP_BITS];
    }
    int entries = 0;
    int k = entries(count);
    if (k > 0) {
      readMagnitudes(values, offset, count);
      countFirstBins(count);
      // The bin that holds the k-th largest, or the lowest; and the place of the k-th in it.
      int bin = bins.length - 1;
      int rank = k;
      while (bin > 0 && bins[bin] < rank) {
        rank -= bins[bin--];
      }
      entries = select(values, offset, count, bin, rank);
    }
    target.putInt(entries);
    target.asShortBuffer().put(indexes, 0, entries);
    target.position(target.position() + Short.BYTES * entries);
    target.asFloatBuffer().put(kept, 0, entries);
    target.position(target.position() + Float.BYTES * entries);
  }

  private void readMagnitudes(float[] values, int offset, int count) {
    for (int at = 0; at < count; at += FloatBits.BLOCK) {
      int block = Math.min(FloatBits.BLOCK, count - at);
      floatBits.toBits(values, offset + at, block, bits);
      withoutSign(bits, magnitudes, at, block);
    }
  }

  private static void withoutSign(int[] bits, int[] magnitudes, int at, int count) {
    for (int i = 0; i < count; i++) {
      magnitudes[at + i] = bits[i] & 0x7fff_ffff;
    }
  }

  private void countFirstBins(int count) {
    int[] each = turns;
    int[] from = magnitudes;
    Arrays.fill(each, 0);
    int i = 0;
    for (; i + TURNS <= count; i += TURNS) {
      each[from[i] >>> FIRST_SHIFT]++;
      each[(from[i + 1] >>> FIRST_SHIFT) + (1 << STEP_BITS)]++;
      each[(from[i + 2] >>> FIRST_SHIFT) + (2 << STEP_BITS)]++;
      each[(from[i + 3] >>> FIRST_SHIFT) + (3 << STEP_BITS)]++;
    }
    for (; i < count; i++) {
      each[from[i] >>> FIRST_SHIFT]++;
    }
    for (int bin = 0; bin < bins.length; bin++) {
      bins[bin] =
          each[bin]
              + each[bin + (1 << STEP_BITS)]
              + each[bin + (2 << STEP_BITS)]
              + each[bin + (3 << STEP_BITS)];
    }
  }

  /**
   * Keeps what is above a bin and the largest in it.
   *
   * @param rank how many of the bin's
   * @return how many are kept in all
   */
  private int select(float[] values, int offset, int count, int bin, int rank) {
    int lowest = Math.max(1, bin << FIRST_SHIFT); // not zeros
    int above = (bin + 1) << FIRST_SHIFT; // wraps for the last bin, which holds NaN
    int found = 0;
    int same = 0;
    for (int i = 0; i < count; i++) {
      int magnitude = magnitudes[i];
      if (magnitude >= lowest) {
        candidates[found++] = i;
        if (above < 0 || magnitude < above) {
          inBin[same++] = magnitude;
        }
      }
    }
    int least = 1;
    int equal = found;
    if (same > rank) {
      long last = largest(same, bin, rank);
      least = (int) (last >>> Integer.SIZE);
      equal = (int) last;
    }
    int entries = 0;
    for (int j = 0; j < found; j++) {
      int i = candidates[j];
      if (magnitudes[i] > least || (magnitudes[i] == least && equal-- > 0)) {
        indexes[entries] = (short) i;
        kept[entries++] = values[offset + i];
      }
    }
    return entries;
  }

  /** The magnitude of this rank in a bin, and in the lower half how many of its equals are kept. */
  private long largest(int same, int bin, int rank) {
    int left = rank;
    int known = bin; // its upper bits
    for (int end = FIRST_SHIFT; end > 0; end -= STEP_BITS) {
      int shift = Math.max(0, end - STEP_BITS);
      int mask = (1 << (end - shift)) - 1;
      Arrays.fill(bins, 0);
      for (int i = 0; i < same; i++) {
        if (inBin[i] >>> end == known) {
          bins[inBin[i] >>> shift & mask]++;
        }
      }
      int next = mask;
      while (bins[next] < left) {
        left -= bins[next--];
      }
      known = (known << (end - shift)) | next;
    }
    return (long) known << Integer.SIZE | left;
  }

  @Override
  void read(ByteBuffer payload, float[] values, int offset, int count) {
    if (payload.remaining() < Integer.BYTES) {
      throw refuse("there are only %s bytes".formatted(payload.remaining()));
    }
    int entries = payload.getInt();
    if (entries < 0 || entries > count) {
      throw refuse("it has %s entries of %s numbers".formatted(entries, count));
    }
    expect(payload, ENTRY_BYTES * entries, entries);
    ShortBuffer shorts = payload.asShortBuffer();
    shorts.get(indexes, 0, entries);
    int last = -1;
    for (int i = 0; i < entries; i++) {
      int index = Short.toUnsignedInt(indexes[i]);
      if (index <= last || index >= count) {
        throw refuse("index %s follows %s in %s numbers".formatted(index, last, count));
      }
      last = index;
    }
    Arrays.fill(values, offset, offset + count, 0);
    FloatBuffer floats =
        payload.position(payload.position() + Short.BYTES * entries).asFloatBuffer();
    floats.get(kept, 0, entries);
    for (int i = 0; i < entries; i++) {
      values[offset + Short.toUnsignedInt(indexes[i])] = kept[i];
    }
  }
}
