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

  private final double fraction;
  private final int[] bins = new int[1 << STEP_BITS];
  private final short[] indexes = new short[SEGMENT];
  private final float[] kept = new float[SEGMENT];

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

  private static int magnitude(float value) {
    return Float.floatToRawIntBits(value) & 0x7fff_ffff;
  }

  @Override
  void write(float[] values, int offset, int count, ByteBuffer target) {
    int k = entries(count);
    // The least magnitude that is sent, and how many that are equal to it.
    int least = 1;
    int equal = SEGMENT;
    int nonZero = 0;
    for (int i = offset; i < offset + count; i++) {
      nonZero += magnitude(values[i]) == 0 ? 0 : 1;
    }
    if (nonZero > k) {
      least = largest(values, offset, count, k);
      equal = k;
      for (int i = offset; i < offset + count; i++) {
        equal -= magnitude(values[i]) > least ? 1 : 0;
      }
    }
    int entries = 0;
    for (int i = 0; i < count; i++) {
      int magnitude = magnitude(values[offset + i]);
      if (magnitude > least || (magnitude == least && equal-- > 0)) {
        indexes[entries] = (short) i;
        kept[entries++] = values[offset + i];
      }
    }
    target.putInt(entries);
    target.asShortBuffer().put(indexes, 0, entries);
    target.position(target.position() + Short.BYTES * entries);
    target.asFloatBuffer().put(kept, 0, entries);
    target.position(target.position() + Float.BYTES * entries);
  }

  /** The k-th largest magnitude. */
  private int largest(float[] values, int offset, int count, int k) {
    int rank = k;
    int known = 0; // its upper bits
    for (int end = 31; end > 0; end -= STEP_BITS) {
      int shift = Math.max(0, end - STEP_BITS);
      int mask = (1 << (end - shift)) - 1;
      Arrays.fill(bins, 0);
      for (int i = offset; i < offset + count; i++) {
        int magnitude = magnitude(values[i]);
        if (magnitude >>> end == known) {
          bins[magnitude >>> shift & mask]++;
        }
      }
      int bin = mask;
      while (bins[bin] < rank) {
        rank -= bins[bin--];
      }
      known = (known << (end - shift)) | bin;
    }
    return known;
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
