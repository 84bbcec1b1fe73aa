package org.mobula.core.algorithm.sac;

import org.mobula.core.distribution.SquashedGaussian;
import org.mobula.core.random.Pcg64;

/**
 * What conservative Q-learning adds to the loss of each critic (Kumar et al. 2020, CQL(H), equation
 * 4 and appendix F): the values of all actions are held down, and those of recorded ones up.
 *
 * <pre>  weight · (log Σ exp(Q(s, aᵢ) − log p(aᵢ)) − Q(s, a))</pre>
 *
 * <p>The aᵢ are drawn in three equal parts: uniformly, from the policy at s, and from the policy at
 * the next observation; p is the density that each was drawn by.
 *
 * @param dimensions numbers of an action
 * @param critics how many
 * @param actions drawn of each kind
 * @param weight of the loss beside the squared errors
 */
record ConservativeLoss(int dimensions, int critics, int actions, float weight) {
  private static final int KINDS = 3;
  private static final double LOG_2 = Math.log(2);

  /** Whose actions are drawn. */
  enum Kind {
    /** Any between the bounds. */
    UNIFORM(0),
    /** The policy's at the observation. */
    HERE(1),
    /** The policy's at the next observation. */
    NEXT(2);

    private final int place;

    Kind(int place) {
      this.place = place;
    }
  }

  /** Actions that are drawn for a row. */
  int samples() {
    return KINDS * actions;
  }

  /**
   * Draws what the actions are made of: uniform numbers for the first kind, and standard normal
   * ones for the others.
   *
   * @param noise receives {@code [row][sample][dimensions]}
   */
  void draw(Pcg64 random, float[] noise) {
    int uniform = actions * dimensions;
    int row = samples() * dimensions;
    for (int i = 0; i < noise.length; i++) {
      noise[i] = (float) (i % row < uniform ? random.uniform(-1, 1) : random.nextGaussian());
    }
  }

  /**
   * Makes the actions of one kind.
   *
   * @param outputs {@code [count][means, log standard deviations]}, the latter in range; of no
   *     account where actions are uniform
   * @param noise as {@link #draw} left it
   * @param samples receives {@code [count][sample][dimensions]} in [−1, 1]
   * @param logDensities receives {@code [count][sample]}
   */
  void act(
      Kind kind, float[] outputs, int count, float[] noise, float[] samples, float[] logDensities) {
    SquashedGaussian distribution = new SquashedGaussian(dimensions);
    for (int row = 0; row < count; row++) {
      int first = row * samples() + kind.place * actions;
      for (int sample = first; sample < first + actions; sample++) {
        int at = sample * dimensions;
        if (kind == Kind.UNIFORM) {
          System.arraycopy(noise, at, samples, at, dimensions);
          logDensities[sample] = (float) (-dimensions * LOG_2);
        } else {
          logDensities[sample] =
              distribution.fromNoise(outputs, 2 * row * dimensions, noise, at, samples, at);
        }
      }
    }
  }

  /**
   * Adds the gradient at the recorded actions' values, and writes that at the drawn ones'.
   *
   * @param sampleValues {@code [count][sample][critics]}
   * @param logDensities {@code [count][sample]}
   * @param values {@code [count][critics]} of the recorded actions
   * @param scale one over the rows of the whole minibatch
   * @param gradients at the recorded actions' values
   * @param sampleGradients receives {@code [count][sample][critics]}
   * @return the sum over the rows and critics
   */
  double gradient(
      float[] values,
      float[] sampleValues,
      float[] logDensities,
      int count,
      float scale,
      float[] gradients,
      float[] sampleGradients) {
    double total = 0;
    for (int row = 0; row < count; row++) {
      int first = row * samples();
      for (int critic = 0; critic < critics; critic++) {
        double greatest = Double.NEGATIVE_INFINITY;
        for (int i = first; i < first + samples(); i++) {
          greatest =
              Math.max(greatest, sampleValues[i * critics + critic] - (double) logDensities[i]);
        }
        double sum = 0;
        for (int i = first; i < first + samples(); i++) {
          sum += Math.exp(sampleValues[i * critics + critic] - (double) logDensities[i] - greatest);
        }
        double logSum = greatest + Math.log(sum);
        for (int i = first; i < first + samples(); i++) {
          int at = i * critics + critic;
          double share = Math.exp(sampleValues[at] - (double) logDensities[i] - logSum);
          sampleGradients[at] = (float) (weight * scale * share);
        }
        int at = row * critics + critic;
        gradients[at] -= weight * scale;
        total += weight * (logSum - values[at]);
      }
    }
    return total;
  }
}
