package org.mobula.core.policy;

import java.io.Serializable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Key;
import org.mobula.core.config.Range;

/**
 * How the numbers of an output row say what each action of a Discrete space is worth: by its
 * expected return, or by the distribution of returns, of which the mean is the action's value.
 */
public sealed interface ActionValues extends Serializable {
  /** Numbers that describe one action. */
  int width();

  /**
   * The expected return of one action.
   *
   * @param outputs its {@link #width} numbers at {@code offset}
   */
  float expected(float[] outputs, int offset);

  /** One number, the expected return (Mnih et al. 2015). */
  @Key("expected")
  record ExpectedReturn() implements ActionValues {
    /** The only one. */
    public static ExpectedReturn defaults() {
      return new ExpectedReturn();
    }

    @Override
    public int width() {
      return 1;
    }

    @Override
    public float expected(float[] outputs, int offset) {
      return outputs[offset];
    }
  }

  /** Logits of evenly spaced returns, the atoms (C51; Bellemare, Dabney and Munos 2017). */
  @Key("categorical")
  record CategoricalReturns(
      @Doc("returns among which the probability is shared; 11 to 101")
          @Elsewhere({"n_atoms", "num_atoms"})
          @Range(min = 2, max = 10_000)
          int atoms,
      @Doc("the least return that can be told apart; the worst of an episode")
          @Elsewhere("v_min")
          @Range(min = -1e9, max = 1e9)
          double least,
      @Doc("the greatest return that can be told apart; the best of an episode")
          @Elsewhere("v_max")
          @Range(min = -1e9, max = 1e9)
          double greatest)
      implements ActionValues {

    /** Checks the values. */
    public CategoricalReturns {
      Constraints.check(CategoricalReturns.class, atoms, least, greatest);
      Constraints.require(least < greatest, "greatest", greatest, "must be greater than least");
    }

    /** The paper's 51 atoms from −10 to 10, for rewards between −1 and 1. */
    public static CategoricalReturns defaults() {
      return new CategoricalReturns(51, -10, 10);
    }

    @Override
    public int width() {
      return atoms;
    }

    @Override
    public float expected(float[] outputs, int offset) {
      double max = Double.NEGATIVE_INFINITY;
      for (int atom = 0; atom < atoms; atom++) {
        max = Math.max(max, outputs[offset + atom]);
      }
      double spacing = (greatest - least) / (atoms - 1);
      double sum = 0;
      double weighted = 0;
      for (int atom = 0; atom < atoms; atom++) {
        double weight = Math.exp(outputs[offset + atom] - max);
        sum += weight;
        weighted += weight * (least + atom * spacing);
      }
      return (float) (weighted / sum);
    }
  }

  /** Quantiles of the return, in the middles of equal parts (QR-DQN; Dabney et al. 2018). */
  @Key("quantiles")
  record QuantileReturns(
      @Doc("quantiles of the return; 50 to 200")
          @Elsewhere("n_quantiles")
          @Range(min = 1, max = 10_000)
          int count)
      implements ActionValues {

    /** Checks the count. */
    public QuantileReturns {
      Constraints.check(QuantileReturns.class, count);
    }

    /** As many as in the paper. */
    public static QuantileReturns defaults() {
      return new QuantileReturns(200);
    }

    @Override
    public int width() {
      return count;
    }

    @Override
    public float expected(float[] outputs, int offset) {
      double sum = 0;
      for (int i = 0; i < count; i++) {
        sum += outputs[offset + i];
      }
      return (float) (sum / count);
    }
  }
}
