package org.mobula.core.offline;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.core.experience.RecordedEpisode;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.policy.Policy;
import org.mobula.core.random.Pcg64;

/**
 * Estimates the mean discounted return of a policy from episodes of another one, by what the
 * recorded actions' probabilities are under both. With ρ(t) the product of π(a|s) / b(a|s) over an
 * episode's steps up to t, and the mean over n episodes:
 *
 * <pre>
 *   ordinary       Σ over t of γᵗ · mean(ρ(t) · r(t))                     (Precup et al. 2000, per decision)
 *   weighted       Σ over t of γᵗ · Σ(ρ(t) · r(t)) / Σ ρ(t)               (there, weighted)
 *   doubly robust  mean(V(s(0)) + Σ over t of γᵗ · ρ(t) · (r(t) + γ · V(s(t+1)) − Q(s(t), a(t))))
 *                                                                         (Jiang and Li 2016, unrolled)
 * </pre>
 *
 * <p>An episode that has ended keeps its last ratio and has rewards of 0. One that was cut off
 * counts as far as it goes. The confidence intervals are those of the bootstrap over episodes
 * (Efron 1979, percentiles); like the estimates they are worth nothing where few episodes count,
 * which {@link OffPolicyResult#warning} says.
 */
@RecordBuilder
public record OffPolicyEvaluation(
    @Doc("discount factor γ of the returns; 0.95 to 1") @Range(min = 0, max = 1) double discount,
    @Doc("what share of intervals hold the truth, were all well; 0.9 to 0.99")
        @Range(exclusiveMin = 0, exclusiveMax = 1)
        double confidence,
    @Doc("how often episodes are drawn anew for the intervals; 200 to 2000") @Range(min = 1)
        int resamples,
    @Doc("the root of the random numbers that they are drawn by") @Range(min = 0) long seed)
    implements Serializable, OffPolicyEvaluationBuilder.With {

  /** Checks the values. */
  public OffPolicyEvaluation {
    Constraints.check(OffPolicyEvaluation.class, discount, confidence, resamples, seed);
  }

  /** Of undiscounted returns, with 95 % confidence. */
  public static OffPolicyEvaluation defaults() {
    return new OffPolicyEvaluation(1, 0.95, 1000, 0);
  }

  /**
   * Judges a policy by ordinary and weighted importance sampling.
   *
   * @throws IllegalArgumentException if the recordings lack log-probabilities or do not fit the
   *     policy, or the policy takes one action only in a box
   */
  public OffPolicyResult evaluate(Policy policy, RecordedEpisodes recordings) {
    return judge(policy, recordings, null);
  }

  /**
   * Judges a policy by doubly robust estimates, too.
   *
   * @param model of the same policy, with the same discount
   */
  public OffPolicyResult evaluate(Policy policy, RecordedEpisodes recordings, ValueModel model) {
    return judge(policy, recordings, model);
  }

  /**
   * What a model says of the states that the recordings begin in: the direct method. The interval
   * knows how these states vary, and nothing of how wrong the model is.
   */
  public ReturnEstimate expected(ValueModel model, RecordedEpisodes recordings) {
    List<RecordedEpisode> episodes = recordings.requireLearnable().episodes();
    double[] values = new double[episodes.size()];
    for (int i = 0; i < values.length; i++) {
      float[] observations = episodes.get(i).observations();
      values[i] = model.stateValue(row(observations, 0, recordings.observationSpace().size()));
    }
    Pcg64 random = new Pcg64(seed);
    double[] estimates = new double[resamples];
    int[] drawn = new int[values.length];
    for (int resample = 0; resample < resamples; resample++) {
      for (int i = 0; i < drawn.length; i++) {
        drawn[i] = random.nextInt(drawn.length);
      }
      estimates[resample] = mean(values, drawn);
    }
    Arrays.setAll(drawn, i -> i);
    return estimate(mean(values, drawn), estimates);
  }

  private OffPolicyResult judge(
      Policy policy, RecordedEpisodes recordings, @Nullable ValueModel model) {
    recordings.requireLearnable();
    if (!recordings.hasLogProbabilities()) {
      throw new IllegalArgumentException(
          "the recordings do not say how probable each action was under the policy that acted, without which importance sampling knows no ratio: record log-probabilities, or judge by FittedQEvaluation");
    }
    List<RecordedEpisode> episodes = recordings.episodes();
    int count = episodes.size();
    double[][] ratios = new double[count][];
    double[][] rewards = new double[count][];
    double[] own = new double[count];
    double[] ordinary = new double[count];
    double[] robust = new double[count];
    int longest = 0;
    double sum = 0;
    double squares = 0;
    for (int i = 0; i < count; i++) {
      RecordedEpisode episode = episodes.get(i);
      ratios[i] = ratios(policy, episode);
      rewards[i] = discounted(episode);
      own[i] = Arrays.stream(rewards[i]).sum();
      ordinary[i] = dot(ratios[i], rewards[i]);
      if (model != null) {
        robust[i] = robust(model, episode, ratios[i]);
      }
      longest = Math.max(longest, episode.steps());
      double last = ratios[i][episode.steps() - 1];
      sum += last;
      squares += last * last;
    }
    Pcg64 random = new Pcg64(seed);
    double[][] estimates = new double[4][resamples];
    int[] drawn = new int[count];
    for (int resample = 0; resample < resamples; resample++) {
      for (int i = 0; i < count; i++) {
        drawn[i] = random.nextInt(count);
      }
      estimates[0][resample] = mean(own, drawn);
      estimates[1][resample] = mean(ordinary, drawn);
      estimates[2][resample] = weighted(ratios, rewards, drawn, longest);
      estimates[3][resample] = mean(robust, drawn);
    }
    Arrays.setAll(drawn, i -> i);
    return new OffPolicyResult(
        estimate(mean(own, drawn), estimates[0]),
        estimate(mean(ordinary, drawn), estimates[1]),
        estimate(weighted(ratios, rewards, drawn, longest), estimates[2]),
        model == null ? null : estimate(mean(robust, drawn), estimates[3]),
        squares == 0 ? 0 : sum * sum / squares,
        count);
  }

  /** ρ(t) of an episode. */
  private static double[] ratios(Policy policy, RecordedEpisode episode) {
    int observationSize = policy.spec().observationSpace().size();
    int actionSize = policy.spec().actionSpace().size();
    double[] ratios = new double[episode.steps()];
    double log = 0;
    for (int step = 0; step < ratios.length; step++) {
      double probability =
          policy.logProbability(
              row(episode.observations(), step, observationSize),
              row(episode.actions(), step, actionSize));
      log += probability - episode.logProbabilities()[step];
      ratios[step] = Math.exp(log);
    }
    return ratios;
  }

  private static float[] row(float[] rows, int row, int width) {
    return Arrays.copyOfRange(rows, row * width, (row + 1) * width);
  }

  /** γᵗ · r(t) of an episode. */
  private double[] discounted(RecordedEpisode episode) {
    double[] rewards = new double[episode.steps()];
    double factor = 1;
    for (int step = 0; step < rewards.length; step++) {
      rewards[step] = factor * episode.rewards()[step];
      factor *= discount;
    }
    return rewards;
  }

  private static double dot(double[] a, double[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += a[i] * b[i];
    }
    return sum;
  }

  private double robust(ValueModel model, RecordedEpisode episode, double[] ratios) {
    int observationSize = episode.observations().length / (episode.steps() + 1);
    int actionSize = episode.actions().length / episode.steps();
    double value = model.stateValue(row(episode.observations(), 0, observationSize));
    double sum = value;
    double factor = 1;
    for (int step = 0; step < ratios.length; step++) {
      float[] observation = row(episode.observations(), step, observationSize);
      float[] action = row(episode.actions(), step, actionSize);
      // What would follow a cut is worth what the model says; a terminal state is worth nothing,
      // and the returns of the other estimates end with the recording, so both end here.
      boolean last = step == ratios.length - 1;
      double next =
          last ? 0 : model.stateValue(row(episode.observations(), step + 1, observationSize));
      sum +=
          factor
              * ratios[step]
              * (episode.rewards()[step]
                  + discount * next
                  - model.actionValue(observation, action));
      factor *= discount;
    }
    return sum;
  }

  private static double mean(double[] numbers, int[] drawn) {
    double sum = 0;
    for (int i : drawn) {
      sum += numbers[i];
    }
    return sum / drawn.length;
  }

  private static double weighted(double[][] ratios, double[][] rewards, int[] drawn, int longest) {
    double total = 0;
    for (int step = 0; step < longest; step++) {
      double gained = 0;
      double weight = 0;
      for (int i : drawn) {
        double[] own = ratios[i];
        if (step < own.length) {
          gained += own[step] * rewards[i][step];
        }
        weight += own[Math.min(step, own.length - 1)];
      }
      total += weight == 0 ? 0 : gained / weight;
    }
    return total;
  }

  private ReturnEstimate estimate(double value, double[] resampled) {
    double[] sorted = resampled.clone();
    Arrays.sort(sorted);
    double tail = (1 - confidence) / 2;
    return new ReturnEstimate(value, quantile(sorted, tail), quantile(sorted, 1 - tail));
  }

  private static double quantile(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int below = (int) at;
    int above = Math.min(sorted.length - 1, below + 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
