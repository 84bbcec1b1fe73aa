package org.mobula.parameterserver.shard;

/** Where a shard computes. */
public enum ComputeDevice {
  /** On a GPU where the shard's machine has one that can be used, else on the CPU. */
  AUTO,
  /** On the CPU. */
  CPU,
  /** On a GPU; where there is none the shard does not start. */
  GPU
}
