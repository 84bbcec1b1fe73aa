package org.mobula.cli.doctor;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.rollout.gymnasium.PythonPackages;

/** What {@code mobula doctor} found. The names are those of its JSON, in snake case there. */
record Diagnosis(
    String mobula,
    Java java,
    Machine machine,
    VectorApi vectorApi,
    PyTorch pytorch,
    List<Gpu> gpus,
    PythonPackages python,
    List<Finding> findings) {

  Diagnosis {
    gpus = List.copyOf(gpus);
    findings = List.copyOf(findings);
  }

  /** Whether models can be trained here at all. */
  boolean canTrain() {
    return findings.stream().noneMatch(Finding::blocks);
  }

  record Java(String version, String vendor, String virtualMachine, String home, long maxHeapMib) {}

  record Machine(
      String operatingSystem, String architecture, int availableProcessors, long memoryMib) {}

  /**
   * The part that trains multilayer perceptrons.
   *
   * @param bits of the widest vector; 0 where the module is absent
   */
  record VectorApi(boolean present, int bits, @Nullable String whyAbsent) {}

  /**
   * The part that trains convolutions, recurrent networks and a user's own blocks.
   *
   * @param djl version of DJL's engine; null where it is not on the class path
   * @param library version of the native library, or the path of the user's own; null where there
   *     is none
   * @param flavor what the library computes on: cpu, or a CUDA version such as cu128; null where
   *     that is not known before it starts
   * @param started what it answered when started; null when that was not asked for
   */
  record PyTorch(
      @Nullable String djl,
      @Nullable String library,
      @Nullable String flavor,
      @Nullable Started started) {

    boolean present() {
      return djl != null && library != null;
    }
  }

  /**
   * A start of the engine.
   *
   * @param devices GPUs the engine can use
   * @param error why it did not start; null when it did
   */
  record Started(double seconds, int devices, @Nullable String error) {}

  /** A GPU as its driver describes it; memory and driver are null where it does not tell. */
  record Gpu(String name, @Nullable Long memoryMib, @Nullable String driver) {}

  /**
   * Something missing.
   *
   * @param blocks whether nothing can be trained without it
   */
  record Finding(boolean blocks, String missing, String remedy) {}
}
