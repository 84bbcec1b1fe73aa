package org.mobula.parameterserver.shard;

/** Where a shard computes. */
public enum ComputeDevice {
  /**
   * On a GPU where the shard's machine has one that can be used and the slice has at least 262,144
   * numbers, else on the CPU.
   */
  AUTO,
  /** On the CPU. */
  CPU,
  /** On a GPU; where there is none the shard does not start. */
  GPU;

  /**
   * A step on a GPU waits some 100 µs for launches and copies, however few the numbers are; a
   * processor takes about 1.7 ns a number for mean, squares and step, of which a GPU spares 1.3
   * once gradients and values have crossed PCIe. So it begins to gain at 80,000 numbers; three
   * times that is on the safe side.
   */
  private static final int LEAST_NUMBERS_OF_AUTO = 1 << 18;

  /** Whether a shard of so many numbers looks for a GPU. */
  boolean looksForGpu(int numbers) {
    return this == GPU || (this == AUTO && numbers >= LEAST_NUMBERS_OF_AUTO);
  }
}
