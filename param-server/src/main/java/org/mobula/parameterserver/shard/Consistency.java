package org.mobula.parameterserver.shard;

import java.io.Serializable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.core.config.Shorthand;

/** What a push waits for. */
public sealed interface Consistency extends Serializable {
  /**
   * Rounds: the workers' gradients are averaged, in the order of their numbers, and make one step.
   *
   * @param first how many of a round suffice; 0 for all
   */
  record Synchronous(
      @Doc(
              "how many workers' gradients make a step; those that come later are dropped and"
                  + " counted; 0 waits for all")
          @Range(min = 0)
          int first)
      implements Consistency {
    /** Checks the number. */
    public Synchronous {
      Constraints.check(Synchronous.class, first);
    }

    /** All workers. */
    public static Synchronous defaults() {
      return new Synchronous(0);
    }
  }

  /**
   * Each gradient is a step of its own; its worker gets the answer when it is no more than so many
   * steps ahead of the slowest (stale synchronous parallel, Ho et al. 2013).
   *
   * @param staleness the steps; 0 lets all go on together
   */
  record BoundedStaleness(
      @Doc("how many steps a worker may be ahead of the slowest one") @Range(min = 0) int staleness)
      implements Consistency {
    /** Checks the number. */
    public BoundedStaleness {
      Constraints.check(BoundedStaleness.class, staleness);
    }

    /** So many steps, as {@code bounded-staleness: 2} in a file. */
    @Shorthand
    static BoundedStaleness of(int staleness) {
      return new BoundedStaleness(staleness);
    }
  }

  /** Each gradient is a step of its own, and nobody waits. */
  record Asynchronous() implements Consistency {}
}
