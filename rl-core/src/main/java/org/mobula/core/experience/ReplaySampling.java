package org.mobula.core.experience;

/** Which of the stored transitions a minibatch is drawn from. */
public sealed interface ReplaySampling {
  /** Bytes that drawing from so many rows takes. */
  long bytes(int rows);

  /** Each transition is as likely as any other. */
  record Uniform() implements ReplaySampling {
    @Override
    public long bytes(int rows) {
      return 0;
    }
  }

  /**
   * A transition with the temporal-difference error δ has the probability {@code p^α / Σ p^α} with
   * {@code p = |δ| + ε}, and one that was never drawn the greatest p so far (Schaul et al. 2016,
   * "Prioritized experience replay", proportional variant). A minibatch is drawn from as many equal
   * parts of the sum as it has rows.
   *
   * @param exponent α: 0 is uniform, 1 proportional to the error
   * @param epsilon ε that lets transitions without an error come up again, in the error's unit
   */
  record Prioritized(double exponent, double epsilon) implements ReplaySampling {
    /** Checks the ranges. */
    public Prioritized {
      if (!(exponent >= 0 && exponent <= 1)) {
        throw new IllegalArgumentException("exponent is " + exponent + " but must be in [0, 1]");
      }
      if (!(epsilon > 0 && epsilon < Double.POSITIVE_INFINITY)) {
        throw new IllegalArgumentException("epsilon is " + epsilon + " but must be > 0 and finite");
      }
    }

    @Override
    public long bytes(int rows) {
      return SumTree.bytes(rows);
    }
  }
}
