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
 * @param rhoBar ρ̄: fixes which policy's value is learnt; ∞ leaves the weights as they are
 * @param cBar c̄: how far a surprise travels back; not above ρ̄
 * @param policyGradientRhoBar ρ̄': bar of the weights in the advantages
 */
public record VTrace(float rhoBar, float cBar, float policyGradientRhoBar) {
  /** Checks the bars. */
  public VTrace {
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
   * Value targets and policy-gradient advantages.
   *
   * @param steps T, the length of the trace
   * @param environments N, the number of environments
   * @param behaviorLogProbabilities {@code [T][N]}: log μ(a|s) as recorded with the action
   * @param targetLogProbabilities {@code [T][N]}: log π(a|s) of the policy that learns
   * @param rewards {@code [T][N]}, folded ({@link EpisodeEnds})
   * @param discounts {@code [T][N]}: γ(t), zero after the last step of an episode
   * @param values {@code [T][N]}: V of the observation that each step acted on
   * @param lastValues {@code [N]}: V of the observation after the last step
   * @param targets {@code [T][N]}, written: v(t); none of the inputs
   * @param advantages {@code [T][N]}, written; none of the inputs
   * @throws IllegalArgumentException if an array is too short
   */
  public void compute(
      int steps,
      int environments,
      float[] behaviorLogProbabilities,
      float[] targetLogProbabilities,
      float[] rewards,
      float[] discounts,
      float[] values,
      float[] lastValues,
      float[] targets,
      float[] advantages) {
    int cells = Shapes.cells(steps, environments);
    Shapes.require("behaviorLogProbabilities", behaviorLogProbabilities.length, cells);
    Shapes.require("targetLogProbabilities", targetLogProbabilities.length, cells);
    Shapes.require("rewards", rewards.length, cells);
    Shapes.require("discounts", discounts.length, cells);
    Shapes.require("values", values.length, cells);
    Shapes.require("lastValues", lastValues.length, environments);
    Shapes.require("targets", targets.length, cells);
    Shapes.require("advantages", advantages.length, cells);

    // After the last step both V(t+1) and v(t+1) are the bootstrap value.
    float[] nextValues = lastValues;
    float[] nextTargets = lastValues;
    int next = 0;
    for (int row = cells - environments; row >= 0; row -= environments) {
      for (int i = 0; i < environments; i++) {
        int t = row + i;
        float weight =
            (float) Math.exp((double) targetLogProbabilities[t] - behaviorLogProbabilities[t]);
        float nextValue = nextValues[next + i];
        float nextTarget = nextTargets[next + i];
        float rho = Math.min(rhoBar, weight);
        float c = Math.min(cBar, weight);
        float surprise = rewards[t] + discounts[t] * nextValue - values[t];
        targets[t] = values[t] + rho * surprise + discounts[t] * c * (nextTarget - nextValue);
        advantages[t] =
            Math.min(policyGradientRhoBar, weight)
                * (rewards[t] + discounts[t] * nextTarget - values[t]);
      }
      nextValues = values;
      nextTargets = targets;
      next = row;
    }
  }
}
