package org.mobula.parameterserver.shard;

import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** The pushes that make one step: of several workers, or of one where each push is a step. */
final class Round {
  /** How far it is. */
  enum Stage {
    OPEN,
    AWAITS_COMMIT,
    READY
  }

  Stage stage = Stage.OPEN;

  /** By the worker's number, which is the order of the additions. */
  final SortedMap<Integer, Turn> turns = new TreeMap<>();

  /** Pushes that came after the mean was taken; they wait for its step but are not in it. */
  final List<Turn> late = new ArrayList<>();

  /** Once it is no longer open. */
  SliceNumbers.Vector mean = SliceNumbers.Vector.NONE;

  /** That the step is one of; of the first of the pushes. */
  int network() {
    return turns.values().iterator().next().push.network();
  }

  double[] sums = new double[0];
  double clipCoefficient = 1;
}
