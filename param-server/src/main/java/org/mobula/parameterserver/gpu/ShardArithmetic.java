package org.mobula.parameterserver.gpu;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.nio.IntBuffer;
import java.nio.ShortBuffer;
import java.util.List;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.optimizer.OptimizerConfig;

/**
 * What a shard computes on its vectors: one gradient out of many, its norm, the optimizer's step.
 * Each result has the same bits wherever it is computed, because the order of the additions and the
 * rounding after each operation are fixed; only which NaN a NaN is may differ.
 *
 * <p>Closing frees the memory of all its vectors and optimizers. Not safe for several threads at
 * once; the threads may take turns.
 */
public interface ShardArithmetic extends AutoCloseable {
  /** On the processor, in plain Java. */
  static ShardArithmetic onCpu() {
    return new CpuArithmetic();
  }

  /**
   * On an NVIDIA GPU of compute capability 7.0 or later, through the driver alone.
   *
   * @param device from 0 to {@code GpuDevices.find().count() - 1}
   * @throws IllegalStateException if there is no such device or it cannot be used; the text says
   *     why
   */
  static ShardArithmetic onGpu(int device) {
    GpuDevices found = GpuDevices.find();
    if (device < 0 || device >= found.count()) {
      throw new IllegalStateException(
          "device %s is not there, for this machine has %s: choose another or compute on the CPU"
              .formatted(device, found.description()));
    }
    return new KernelArithmetic(CudaDevice.open(device));
  }

  /** Where it computes, for a person. */
  String description();

  /** A vector of zeros. */
  Vector vector(int size);

  /**
   * A vector to be read only, of the numbers {@code [from, to)} of an array, which must not change
   * as long as the vector is open: the processor reads them in place, a GPU has a copy.
   */
  Vector lend(float[] values, int from, int to);

  /** Copies all numbers. */
  void copy(Vector source, Vector destination);

  /**
   * The sum of one or more gradients, added number by number in the order of the list.
   *
   * @param destination may be one of the gradients
   */
  void sum(List<Vector> gradients, Vector destination);

  /** The {@linkplain #sum sum} times {@code (float) (1.0 / gradients.size())}. */
  void mean(List<Vector> gradients, Vector destination);

  /** Multiplies by {@code (float) coefficient}, as {@code GradientClipping.scale} does. */
  void scale(Vector vector, double coefficient);

  /**
   * The sum of squares of each block of 4096 numbers, in {@code BlockNorm}'s order of additions.
   *
   * @param sums receives {@code BlockNorm.blocks(vector.size())} numbers
   */
  void sumsOfSquares(Vector vector, double[] sums);

  /**
   * Rounds to 16 bits, to the nearest, ties to even.
   *
   * @param destination of {@code source.size()} remaining numbers; its position stays
   */
  void encode(HalfPrecision format, Vector source, ShortBuffer destination);

  /**
   * Widens numbers of 16 bits.
   *
   * @param source of {@code destination.size()} remaining numbers; its position stays
   */
  void decode(HalfPrecision format, ShortBuffer source, Vector destination);

  /**
   * Adds numbers of 8 bits that share a scale block by block: {@code sum[i] += scales[i /
   * blockSize] * values[i]}.
   *
   * @param values of {@code sum.size()} remaining numbers; the positions stay
   * @param scales one for each block, the last of which may be short
   * @param blockSize a power of two from 4
   */
  void addInt8(ByteBuffer values, FloatBuffer scales, int blockSize, Vector sum);

  /**
   * Adds a few numbers at their places: {@code sum[indices[j]] += values[j]}.
   *
   * @param indices ascending, none twice; the positions stay
   * @param values as many as indices
   */
  void scatterAdd(IntBuffer indices, FloatBuffer values, Vector sum);

  /**
   * An optimizer of the slice {@code [from, to)} of the flat vector, whose memory lies beside the
   * vectors.
   *
   * @throws IllegalArgumentException if a group is not in the layout
   */
  ShardOptimizer optimizer(OptimizerConfig config, ParameterLayout layout, int from, int to);

  @Override
  void close();

  /** Numbers of 32 bits in the memory of the arithmetic that made it. */
  interface Vector extends AutoCloseable {
    /** How many numbers. */
    int size();

    /**
     * Copies the buffer's remaining numbers into the vector, from this index on.
     *
     * @param source its position stays
     */
    void write(int index, FloatBuffer source);

    /**
     * Copies as many numbers as the buffer has room for out of the vector, from this index on.
     *
     * @param destination its position stays
     */
    void read(int index, FloatBuffer destination);

    /** Makes every number zero. */
    void clear();

    /** Gives the memory back; a closed vector takes part in nothing. */
    @Override
    void close();
  }
}
