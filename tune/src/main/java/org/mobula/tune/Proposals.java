package org.mobula.tune;

import java.util.LinkedHashMap;
import java.util.Map;
import org.mobula.core.random.Pcg64;
import org.mobula.tune.sampler.RandomSampler;
import org.mobula.tune.sampler.Sampler;
import org.mobula.tune.sampler.SamplingRequest;
import org.mobula.tune.sampler.Suggestion;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/** The parameters of new trials: the sampler's, within the constraints. */
final class Proposals {
  /** Optuna's name for the parameters that a waiting trial was asked for with. */
  static final String FIXED = "fixed_params";

  private static final int SAMPLER_ATTEMPTS = 50;
  private static final int ATTEMPTS = 20_000;

  private final Study study;
  private final StudyRecord record;
  private final Sampler fallback = new RandomSampler();

  /** Parameters' numbers, and what is to be kept with the trial. */
  record Proposal(Map<String, Double> values, Map<String, Object> attributes) {}

  Proposals(Study study, StudyRecord record) {
    this.study = study;
    this.record = record;
  }

  SamplingRequest request(int attempt) {
    return new SamplingRequest(record, study.space, record.trials().size(), attempt, study.seed);
  }

  /**
   * The next trial's.
   *
   * @throws StudyException if no parameters seem to keep the constraints
   */
  Proposal next() {
    String broken = "";
    for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
      // A sampler that insists must not hold up the study: chance finds a way, if there is one.
      Sampler sampler = attempt < SAMPLER_ATTEMPTS ? study.sampler : fallback;
      Suggestion suggestion = sampler.suggest(request(attempt));
      broken = study.space.broken(suggestion.values()).orElse("");
      if (broken.isEmpty()) {
        return new Proposal(suggestion.values(), suggestion.attributes());
      }
    }
    throw new StudyException(
        "%s choices of parameters all broke the constraint %s: it contradicts the space"
            .formatted(ATTEMPTS, broken));
  }

  /** What a waiting trial was asked for with, and the sampler's for the rest. */
  Proposal completing(TrialRecord trial) {
    Suggestion suggestion = study.sampler.suggest(request(0));
    Pcg64 random = new Pcg64(study.seed.stream("completed/" + trial.number()));
    Map<?, ?> fixed =
        trial.systemAttributes().get(FIXED) instanceof Map<?, ?> given ? given : Map.of();
    Map<String, Double> values = new LinkedHashMap<>();
    for (Parameter parameter : study.space.parameters()) {
      if (!study.space.isActive(parameter, values)) {
        continue;
      }
      Object asked = fixed.get(parameter.name());
      Double suggested = suggestion.values().get(parameter.name());
      double value =
          asked != null
              ? parameter.internal(asked)
              : suggested != null ? suggested : parameter.draw(random);
      values.put(parameter.name(), value);
    }
    return new Proposal(values, suggestion.attributes());
  }
}
