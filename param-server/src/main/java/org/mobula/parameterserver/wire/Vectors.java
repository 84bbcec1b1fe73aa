package org.mobula.parameterserver.wire;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.shard.FloatSlice;

/**
 * The floats of one message, cut into the segments that its parts carry, in order. Where somebody
 * may {@link #detach} them, whoever reads them holds the lock.
 */
final class Vectors {
  static final Vectors NONE = new Vectors(List.of(), null);

  private List<FloatSlice> slices;
  final @Nullable Codec codec;
  private int slice;
  private int done;

  Vectors(List<FloatSlice> slices, @Nullable Codec codec) {
    this.slices = slices;
    this.codec = codec;
    skipEmpty();
  }

  static Vectors of(FloatSlice slice, Codec codec) {
    return slice.length() == 0 ? NONE : new Vectors(List.of(slice), codec);
  }

  /** Of floats that there are. */
  Codec codec() {
    Codec given = codec;
    if (given == null) {
      throw new IllegalStateException("floats without a codec");
    }
    return given;
  }

  synchronized boolean hasNext() {
    return slice < slices.size();
  }

  float[] array() {
    return slices.get(slice).array();
  }

  int offset() {
    return slices.get(slice).offset() + done;
  }

  int count() {
    return Math.min(Codec.SEGMENT, slices.get(slice).length() - done);
  }

  /**
   * Copies what is not read yet, as its arrays are about to be written. Any thread may ask it, also
   * in the middle of the message.
   */
  synchronized void detach() {
    List<FloatSlice> rest = new ArrayList<>();
    for (FloatSlice given : slices.subList(slice, slices.size())) {
      int from = given.offset() + done;
      int to = given.offset() + given.length();
      rest.add(FloatSlice.of(Arrays.copyOfRange(given.array(), from, to)));
      done = 0;
    }
    slices = rest;
    slice = 0;
  }

  void advance() {
    done += count();
    skipEmpty();
  }

  private void skipEmpty() {
    while (slice < slices.size() && done == slices.get(slice).length()) {
      slice++;
      done = 0;
    }
  }
}
