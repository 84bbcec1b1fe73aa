package org.mobula.core.training;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.core.parameters.ParametersConfig;
import org.mobula.core.policy.NetworkConfig;

/** Everything that a training run is made of: one YAML file. */
@RecordBuilder
public record TrainingConfig(
    @Doc("the root of all random numbers; the same seed gives the same run") @Range(min = 0)
        long seed,
    @Doc("the world to learn in") EnvironmentConfig environment,
    @Doc("scaling by measured statistics") NormalizationConfig normalization,
    @Doc("the shape of the policy's network") NetworkConfig network,
    @Doc("the learning algorithm: exactly one") AlgorithmConfig algorithm,
    @Doc("who collects experience") WorkersConfig workers,
    @Doc("where the parameters live; in the trainer's own memory if nothing is said")
        @Nullable ParametersConfig parameters,
    @Doc("when training ends") StopConfig stop,
    @Doc("how the policy is judged") EvaluationConfig evaluation,
    @Doc("when the state is saved") CheckpointConfig checkpoint)
    implements Serializable, TrainingConfigBuilder.With {

  /** Checks the values against each other. */
  public TrainingConfig {
    Constraints.check(
        TrainingConfig.class,
        seed,
        environment,
        normalization,
        network,
        algorithm,
        workers,
        parameters,
        stop,
        evaluation,
        checkpoint);
    Constraints.require(
        workers.count() == 0 || environment.count() % workers.count() == 0,
        "workers",
        workers.count(),
        "must divide the " + environment.count() + " environments");
    Constraints.require(
        stop.evaluationsWithoutImprovement() == 0
            || (evaluation.every() > 0 && evaluation.episodes() > 0),
        "stop",
        stop.evaluationsWithoutImprovement() + " evaluations without improvement",
        "needs evaluation.every > 0 and evaluation.episodes > 0");
  }

  /** This algorithm in this environment, everything else as usual. */
  public static TrainingConfig defaults(EnvironmentConfig environment, AlgorithmConfig algorithm) {
    return new TrainingConfig(
        0,
        environment,
        NormalizationConfig.defaults(),
        NetworkConfig.defaults(),
        algorithm,
        WorkersConfig.defaults(),
        null,
        StopConfig.defaults(),
        EvaluationConfig.defaults(),
        CheckpointConfig.defaults());
  }

  /** The algorithms by their key in a file; for reading and writing configurations. */
  public static Alternatives algorithms() {
    return Alternatives.of(AlgorithmConfig.class, Map.of("ppo", PpoConfig.class))
        .and(ParametersConfig.class, Map.of());
  }
}
