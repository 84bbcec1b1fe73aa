package org.mobula.tune.sampler;

import java.util.Optional;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;

/**
 * Leaves the choice to the one sampler that suits the search:
 *
 * <ol>
 *   <li>with several objectives, {@link TpeSampler};
 *   <li>with floats and integers alone that are always there and more than 1,000 trials, {@link
 *       CmaEsSampler};
 *   <li>with at most 30 parameters to choose, {@link GaussianProcessSampler} for the first 250
 *       trials, while a model of all of them costs milliseconds;
 *   <li>else {@link TpeSampler}.
 * </ol>
 */
public final class AutoSampler implements Sampler {
  private static final int FEW_TRIALS = 250;
  private static final int FEW_PARAMETERS = 30;
  private static final int MANY_TRIALS = 1000;

  private final int trials;
  private final Sampler tpe;
  private final Sampler gaussianProcess;
  private final Sampler evolution;

  /**
   * @param trials how many the study is to have; 0 if that is not known
   */
  public AutoSampler(int trials) {
    this(trials, new TpeSampler(), new GaussianProcessSampler(), new CmaEsSampler());
  }

  AutoSampler(int trials, Sampler tpe, Sampler gaussianProcess, Sampler evolution) {
    if (trials < 0) {
      throw new IllegalArgumentException(
          "the number of trials is %s but must be ≥ 1, or 0 if it is not known".formatted(trials));
    }
    this.trials = trials;
    this.tpe = tpe;
    this.gaussianProcess = gaussianProcess;
    this.evolution = evolution;
  }

  @Override
  public Suggestion suggest(SamplingRequest request) {
    return choice(request).suggest(request);
  }

  @Override
  public Optional<String> exhausted(SamplingRequest request) {
    return choice(request).exhausted(request);
  }

  private Sampler choice(SamplingRequest request) {
    SearchSpace space = request.space();
    if (request.study().directions().size() > 1) {
      return tpe;
    } else if (trials > MANY_TRIALS
        && !space.isConditional()
        && space.parameters().stream().allMatch(AutoSampler::isNumber)) {
      return evolution;
    }
    long searched = space.parameters().stream().filter(each -> each.cardinality() > 1).count();
    return request.trial() < FEW_TRIALS && searched <= FEW_PARAMETERS ? gaussianProcess : tpe;
  }

  private static boolean isNumber(Parameter parameter) {
    return !(parameter instanceof CategoricalParameter);
  }
}
