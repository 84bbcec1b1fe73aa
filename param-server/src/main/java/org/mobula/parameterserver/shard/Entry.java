package org.mobula.parameterserver.shard;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parameters.Gathered;
import org.mobula.core.parameters.StoreState;

/**
 * What a primary tells its replica: a change of the values, and who the workers are after it. The
 * replica takes the same step, which gives the same bits.
 *
 * @param sender whose entry it is
 * @param epoch of the primary
 * @param sequence counts the primary's entries from 1 on
 * @param version of the values after the change
 * @param consistency in force after it
 * @param lineage of the values after it; null where a step leaves it as it was
 * @param members after it, by number
 * @param change of the values
 */
public record Entry(
    Sender sender,
    long epoch,
    long sequence,
    long version,
    Consistency consistency,
    @Nullable Lineage lineage,
    List<Member> members,
    Change change) {
  /** Copies the list. */
  public Entry {
    members = List.copyOf(members);
  }

  /**
   * The primary.
   *
   * @param start tells it from another one of the same epoch, such as a process that was started
   *     anew; no order is meant
   * @param address where others reach it; empty if nowhere
   * @param arbiter session of the learner that decides about the shard, as {@link Promote} says; 0
   *     for none
   * @param binding whether the primary answers nobody before this entry is acknowledged: the
   *     replica has all that was answered, and may take over. Before, it is only catching up
   */
  public record Sender(long start, String address, long arbiter, boolean binding) {}

  /** What happened to the values. */
  public sealed interface Change {}

  /** Nothing: workers or consistency have changed. */
  public record Unchanged() implements Change {}

  /**
   * An optimizer step.
   *
   * @param gradient the mean, before clipping; the primary leaves it alone until the entry is
   *     answered
   * @param learningRate of the step
   * @param network that the step is one of
   * @param clipCoefficient the gradient is multiplied by it
   * @param blockSums as in {@link Stepped}
   * @param gathered by all workers after the step; null if the step added nothing
   */
  @SuppressWarnings("ArrayRecordComponent") // A carrier; never compared.
  public record Step(
      FloatSlice gradient,
      double learningRate,
      int network,
      double clipCoefficient,
      double[] blockSums,
      @Nullable Gathered gathered)
      implements Change {
    /** A step of the first network that gathers nothing. */
    public Step(
        FloatSlice gradient, double learningRate, double clipCoefficient, double[] blockSums) {
      this(gradient, learningRate, 0, clipCoefficient, blockSums, null);
    }
  }

  /**
   * Everything, for a replica that is new or was cut off.
   *
   * @param slice the values and the optimizer; copies
   * @param blockSums of each member's last step, in the order of the members; empty arrays where
   *     there was none
   */
  public record Whole(StoreState slice, List<double[]> blockSums) implements Change {
    /** Copies the list. */
    public Whole {
      blockSums = List.copyOf(blockSums);
    }
  }
}
