package org.mobula.parameterserver.wire;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.codec.Codec;
import org.mobula.parameterserver.shard.FloatSlice;

/** The floats of one message, cut into the segments that its parts carry, in order. */
final class Vectors {
  static final Vectors NONE = new Vectors(List.of(), null);

  private final List<FloatSlice> slices;
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

  boolean hasNext() {
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
