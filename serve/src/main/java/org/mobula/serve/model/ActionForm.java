package org.mobula.serve.model;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/**
 * How actions are told: FP32 {@code [rows, …]} in a box, INT64 {@code [rows]} or {@code [rows, m]}
 * elsewhere, where a choice counts from its space's first value.
 */
public final class ActionForm {
  private final boolean hasBox;
  private final int[] shape;
  private final int[] starts;

  /** Of actions in this space. */
  public ActionForm(Space actionSpace) {
    hasBox = hasBox(actionSpace);
    shape = shape(actionSpace).stream().mapToInt(Integer::intValue).toArray();
    starts =
        actionSpace.leaves().stream()
            .flatMapToInt(
                leaf ->
                    IntStream.generate(() -> leaf instanceof Discrete choice ? choice.start() : 0)
                        .limit(leaf.size()))
            .toArray();
  }

  static boolean hasBox(Space actionSpace) {
    return actionSpace.leaves().stream().anyMatch(Box.class::isInstance);
  }

  static List<Integer> shape(Space space) {
    Stream<Integer> inner;
    if (space instanceof Box box) {
      inner = Arrays.stream(box.shape()).boxed();
    } else if (space instanceof Discrete) {
      inner = Stream.of();
    } else {
      inner = Stream.of(space.size());
    }
    return Stream.concat(Stream.of(-1), inner).toList();
  }

  /**
   * The actions as a tensor.
   *
   * @param actions {@code [rows][number]}, which the tensor takes over
   */
  public Tensor tensor(float[] actions, int rows) {
    int[] dimensions = shape.clone();
    dimensions[0] = rows;
    if (hasBox) {
      for (int i = 0; i < actions.length; i++) {
        actions[i] += starts[i % starts.length];
      }
      return Tensor.of(PolicyModel.ACTION, actions, dimensions);
    }
    long[] choices = new long[actions.length];
    for (int i = 0; i < choices.length; i++) {
      choices[i] = starts[i % starts.length] + (long) actions[i];
    }
    return new Tensor(PolicyModel.ACTION, Datatype.INT64, choices, dimensions);
  }
}
