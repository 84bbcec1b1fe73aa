package org.mobula.core.returns;

/**
 * V-trace targets for data from an older policy (Espeholt et al. 2018, "IMPALA", eq. 1 and the
 * policy gradient of section 4.2), with importance weights {@code w = π(a|s) / μ(a|s)}, {@code ρ =
 * min(ρ̄, w)} and {@code c = min(c̄, w)}:
 *
 * <pre>
 * v(t) = V(t) + ρ(t)·(r(t) + γ(t)·V(t+1) − V(t)) + γ(t)·c(t)·(v(t+1) − V(t+1))
 * A(t) = min(ρ̄', w(t))·(r(t) + γ(t)·v(t+1) − V(t))
 * </pre>
 *
 * <p>With both policies equal and all bars at 1 the targets are the discounted returns.
 *
 * @param discount γ in [0, 1]
 * @param rhoBar ρ̄: fixes which policy's value is learnt; ∞ leaves the weights as they are
 * @param cBar c̄: how far a surprise travels back; not above ρ̄
 * @param policyGradientRhoBar ρ̄': bar of the weights in the advantages
 */
public record VTrace(float discount, float rhoBar, float cBar, float policyGradientRhoBar) {
  /**
   * How likely the actions of a trace were, and are.
   *
   * @param behavior {@code [T][N]}: log μ(a|s) as recorded with the action
   * @param target {@code [T][N]}: log π(a|s) of the policy that learns
   */
  @SuppressWarnings("ArrayRecordComponent") // a view of arrays; never compared
  public record LogProbabilities(float[] behavior, float[] target) {}

  /** Checks the discount and the bars. */
  public VTrace {
    Shapes.requireFraction("discount", discount);
    requirePositive("rhoBar", rhoBar);
    requirePositive("cBar", cBar);
    requirePositive("policyGradientRhoBar", policyGradientRhoBar);
    if (cBar > rhoBar) {
      throw new IllegalArgumentException(
          "cBar is " + cBar + " but must not be above rhoBar, which is " + rhoBar);
    }
  }

  private static void requirePositive(String name, float bar) {
    if (!(bar > 0)) {
      throw new IllegalArgumentException(name + " is " + bar + " but must be > 0");
    }
  }

  /**
   * Value targets and policy-gradient advantages of a trace. Terminated steps bootstrap nothing;
   * where an episode was truncated, the value of its final observation stands in for the rest, and
   * nothing flows over from the next one.
   *
   * @param targets {@code [T][N]}, written: v(t); none of the inputs
   * @param advantages {@code [T][N]}, written; none of the inputs
   * @throws IllegalArgumentException if an array is too short
   */
  public void compute(Trace trace, LogProbabilities logs, float[] targets, float[] advantages) {
    // The outputs carry the folded rewards and discounts until the recursion overwrites them.
    EpisodeEnds.fold(trace, discount, targets, advantages);
    compute(trace, logs, targets, advantages, targets, advantages);
  }

  /**
   * The general form: ends of episodes enter as a discount of zero.
   *
   * @param trace of which only the values and the shape are read
   * @param rewards {@code [T][N]}, folded ({@link EpisodeEnds})
   * @param discounts {@code [T][N]}: γ(t), zero after the last step of an episode
   * @param targets {@code [T][N]}, written: v(t); may be {@code rewards}
   * @param advantages {@code [T][N]}, written; may be {@code discounts}
   */
  void compute(
      Trace trace,
      LogProbabilities logs,
      float[] rewards,
      float[] discounts,
      float[] targets,
      float[] advantages) {
    int environments = trace.environments();
    float[] behavior = logs.behavior();
    float[] target = logs.target();
    float[] values = trace.values();
    float[] lastValues = trace.lastValues();
    int cells = Shapes.cells(trace.steps(), environments);
    Shapes.require("behavior", behavior.length, cells);
    Shapes.require("target", target.length, cells);
    Shapes.require("rewards", rewards.length, cells);
    Shapes.require("discounts", discounts.length, cells);
    Shapes.require("values", values.length, cells);
    Shapes.require("lastValues", lastValues.length, environments);
    Shapes.require("targets", targets.length, cells);
    Shapes.require("advantages", advantages.length, cells);

    // After the last step both V(t+1) and v(t+1) are the bootstrap value.
    float[] nextValues = lastValues;
    float[] nextTargets = lastValues;
    int following = 0;
    for (int row = cells - environments; row >= 0; row -= environments) {
      for (int i = 0; i < environments; i++) {
        int t = row + i;
        float weight = (float) Math.exp((double) target[t] - behavior[t]);
        float reward = rewards[t];
        float gamma = discounts[t];
        float nextValue = nextValues[following + i];
        float nextTarget = nextTargets[following + i];
        float rho = Math.min(rhoBar, weight);
        float c = Math.min(cBar, weight);
        float surprise = reward + gamma * nextValue - values[t];
        targets[t] = values[t] + rho * surprise + gamma * c * (nextTarget - nextValue);
        advantages[t] =
            Math.min(policyGradientRhoBar, weight) * (reward + gamma * nextTarget - values[t]);
      }
      nextValues = values;
      nextTargets = targets;
      following = row;
    }
  }
}
