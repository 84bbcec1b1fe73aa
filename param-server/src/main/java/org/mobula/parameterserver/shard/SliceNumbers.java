package org.mobula.parameterserver.shard;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.optimizer.Optimizer;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.gpu.GpuDevices;
import org.mobula.parameterserver.gpu.ShardArithmetic;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The numbers of a shard and all arithmetic on them, which has the same bits wherever it is done.
 *
 * <p>Any method may throw a {@link NumbersLostException}: then nothing more can be computed here.
 */
sealed interface SliceNumbers extends AutoCloseable permits CpuNumbers, GpuNumbers {
  /** A gradient, or the mean of some, in the memory where it is computed on. */
  sealed interface Vector extends AutoCloseable
      permits Vector.None, CpuNumbers.HostVector, GpuNumbers.DeviceVector {
    /** In place of a vector. */
    Vector NONE = new None();

    /** Says that nothing more is computed from it; may be said again. */
    @Override
    void close();

    /** Not a vector. */
    record None() implements Vector {
      @Override
      public void close() {}
    }
  }

  /**
   * Where the setup says.
   *
   * @throws IllegalStateException if that is a GPU and there is none that can be used
   */
  static SliceNumbers of(ShardSetup setup) {
    if (!setup.device().looksForGpu(setup.size())) {
      return new CpuNumbers(setup);
    }
    Logger log = LoggerFactory.getLogger(SliceNumbers.class);
    GpuDevices found = GpuDevices.find();
    boolean required = setup.device() == ComputeDevice.GPU;
    if (found.count() == 0 && required) {
      throw new IllegalStateException(
          "parameters.server.device is gpu but this machine has %s: set it to cpu, or to auto, which takes a GPU where there is one"
              .formatted(found.description()));
    }
    if (found.count() > 0) {
      try {
        ShardArithmetic gpu = ShardArithmetic.onGpu(setup.number() % found.count());
        log.info("Parameters {} to {} lie on {}.", setup.from(), setup.to(), gpu.description());
        return GpuNumbers.on(gpu, setup);
      } catch (IllegalStateException e) {
        if (required) {
          throw e;
        }
        log.warn("A GPU cannot be used, so the CPU is: {}", e.getMessage());
      }
    }
    return new CpuNumbers(setup);
  }

  /** Where it is computed, for a person. */
  String device();

  /** The values after the last step; only to be read. */
  float[] values();

  /** Begins with these values; copied. */
  void begin(FloatSlice initial);

  /** A gradient that may be read where it lies until the vector is closed. */
  Vector take(FloatSlice gradient);

  /** A gradient that may be read from the source until the vector is closed. */
  Vector take(SliceSource gradient);

  /** Whether a gradient holds neither NaN nor infinity. */
  boolean isFinite(Vector gradient);

  /**
   * Adds gradients in the order of the list and divides by their number. The mean of finite numbers
   * is finite, also where their sum is not.
   *
   * @param sums receives the mean's sums of squares, block by block
   * @return null if a gradient holds NaN or infinity
   */
  @Nullable Vector mean(List<Vector> gradients, double[] sums);

  /** The mean in an array, which stays as it is until it is {@linkplain #giveBack given back}. */
  float[] share(Vector mean);

  /** Takes a shared array for another mean. */
  void giveBack(float[] shared);

  /**
   * Takes one step of a network; the gradient is left as it is.
   *
   * @param network its place among the layout's
   * @param done may hear of each stretch of the {@link #values}, segment by segment
   */
  void step(
      Vector gradient,
      int network,
      double learningRate,
      double clipCoefficient,
      Optimizer.Stretches done);

  /** Copies of all that {@link #restore} needs. */
  StoreState save(long version);

  /**
   * Goes on from a saved slice.
   *
   * @throws IllegalArgumentException if it is of another length or optimizer; nothing is changed
   */
  void restore(StoreState state);

  /** Refuses a saved slice of another length. */
  static void checkLength(float[] saved, int length) {
    if (saved.length != length) {
      throw new IllegalArgumentException(
          "the saved state has %s numbers but the slice has %s".formatted(saved.length, length));
    }
  }

  /** Gives the memory back. */
  @Override
  void close();
}
