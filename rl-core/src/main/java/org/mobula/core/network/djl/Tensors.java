package org.mobula.core.network.djl;

import ai.djl.ndarray.NDArray;
import java.nio.FloatBuffer;

/** Copies between Java arrays and the memory of the engine's arrays. */
final class Tensors {
  private Tensors() {}

  /** The array's own memory; not to be touched once the array is closed. */
  static FloatBuffer memory(NDArray array) {
    return array.toByteBuffer(true).asFloatBuffer();
  }

  static void write(float[] values, NDArray array) {
    memory(array).put(values, 0, Math.toIntExact(array.size()));
  }

  static void read(NDArray array, float[] values, int offset) {
    memory(array).get(values, offset, Math.toIntExact(array.size()));
  }
}
