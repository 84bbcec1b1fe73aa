package org.mobula.core.training.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.algorithm.AlgorithmConfig;
import org.mobula.core.algorithm.a2c.A2cConfig;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.imitation.BcConfig;
import org.mobula.core.algorithm.imitation.MarwilConfig;
import org.mobula.core.algorithm.iql.IqlConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.algorithm.pqn.PqnConfig;
import org.mobula.core.algorithm.sac.CqlConfig;
import org.mobula.core.algorithm.sac.SacConfig;
import org.mobula.core.algorithm.td3.Td3BcConfig;
import org.mobula.core.algorithm.td3.Td3Config;
import org.mobula.core.config.Alternatives;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.core.network.NetworkSpec;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.ParametersConfig;
import org.mobula.core.policy.NetworkConfig;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;

/** Everything that a training run is made of: one YAML file. */
@RecordBuilder
public record TrainingConfig(
    @Doc("the root of all random numbers; the same seed gives the same run") @Range(min = 0)
        long seed,
    @Doc("the world to learn in") EnvironmentConfig environment,
    @Doc(
            "recorded episodes to learn from, a file or a folder of files: the environment is then played in"
                + " evaluations alone, or not at all where it says no more than its spaces, as"
                + " external; a step of the run is one gradient")
        @Nullable String data,
    @Doc("what is scaled for the network") NormalizationConfig normalization,
    @Doc("the shape of the policy's network") NetworkConfig network,
    @Doc("the learning algorithm: exactly one") AlgorithmConfig algorithm,
    @Doc("who collects experience") WorkersConfig workers,
    @Doc("what workers, shards and learners run on") RuntimeConfig runtime,
    @Doc("where the parameters live; in the trainer's own memory if nothing is said")
        @Nullable ParametersConfig parameters,
    @Doc("when training ends") StopConfig stop,
    @Doc("how the policy is judged") EvaluationConfig evaluation,
    @Doc("when the state is saved") CheckpointConfig checkpoint)
    implements Serializable, TrainingConfigBuilder.With {
  /** Checks the values against each other. */
  public TrainingConfig {
    if (environment.external() != null && evaluation.environment() == null) {
      evaluation = evaluation.withEpisodes(0); // there is nothing to evaluate in
    }
    Constraints.check(
        TrainingConfig.class,
        seed,
        environment,
        data,
        normalization,
        network,
        algorithm,
        workers,
        runtime,
        parameters,
        stop,
        evaluation,
        checkpoint);
    if (algorithm.learnsFromRecordings()) {
      requireNothingCollected(environment, normalization, workers);
    } else {
      Constraints.require(
          data == null,
          "data",
          data,
          "must be left out where the algorithm learns from what it collects; one such as bc learns"
              + " from recordings");
    }
    EvaluationEnvironmentConfig judged = evaluation.environment();
    Constraints.require(
        environment.external() == null || judged == null || judged.name() != null,
        "evaluation.environment",
        judged,
        "must have a name where other processes play the one that is learnt in");
    Constraints.require(
        workers.count() == 0 || environment.external() == null,
        "workers.count",
        workers.count(),
        "must be 0 where other processes play the environment: they are the workers");
    Constraints.require(
        workers.count() == 0 || environment.count() % workers.count() == 0,
        "workers",
        workers.count(),
        "must divide the " + environment.count() + " environments");
    Double cpus = runtime.cpus();
    Constraints.require(
        workers.count() == 0 || cpus == null || workers.cpus() <= cpus,
        "workers.cpus",
        workers.cpus(),
        "must be at most runtime.cpus (" + cpus + ")");
    Constraints.require(
        stop.evaluationsWithoutImprovement() == 0
            || (evaluation.every() > 0 && evaluation.episodes() > 0),
        "stop",
        stop.evaluationsWithoutImprovement() + " evaluations without improvement",
        "needs evaluation.every > 0 and evaluation.episodes > 0");
  }

  private static void requireNothingCollected(
      EnvironmentConfig environment, NormalizationConfig normalization, WorkersConfig workers) {
    String why = " where the algorithm learns from recordings: nothing is collected";
    Constraints.require(
        environment.count() == 1, "environment.count", environment.count(), "must be 1" + why);
    Constraints.require(workers.count() == 0, "workers.count", workers.count(), "must be 0" + why);
    Constraints.require(
        !normalization.rewards(),
        "normalization.rewards",
        normalization.rewards(),
        "must be false where the algorithm learns from recordings: learn from scaled rewards by"
            + " scaling those of the recordings");
  }

  /**
   * How the parameters of all networks lie in one flat vector: the policy's, and then those that
   * the algorithm learns beside it.
   *
   * @param policy that is trained
   */
  public ParameterLayout layout(PolicySpec policy) {
    ParameterLayout layout = policy.network().layout();
    for (Map.Entry<String, NetworkSpec> other : algorithm.networks(policy, network).entrySet()) {
      layout = layout.with(other.getKey(), other.getValue().layout());
    }
    return layout;
  }

  /** Fresh parameters of all networks, as {@link #layout} has them. */
  public float[] initialParameters(PolicySpec policy, Pcg64 random) {
    float[] parameters = policy.network().initialParameters(random);
    for (NetworkSpec other : algorithm.networks(policy, network).values()) {
      float[] more = other.initialParameters(random);
      int from = parameters.length;
      parameters = Arrays.copyOf(parameters, from + more.length);
      System.arraycopy(more, 0, parameters, from, more.length);
    }
    return parameters;
  }

  /** This algorithm in this environment, everything else as usual. */
  public static TrainingConfig defaults(EnvironmentConfig environment, AlgorithmConfig algorithm) {
    return new TrainingConfig(
        0,
        environment,
        null,
        NormalizationConfig.defaults(),
        NetworkConfig.defaults(),
        algorithm,
        WorkersConfig.defaults(),
        RuntimeConfig.defaults(),
        null,
        StopConfig.defaults(),
        EvaluationConfig.defaults(),
        CheckpointConfig.defaults());
  }

  /**
   * Reads a training file, as {@code mobula train} does. Where it names {@code parameters}, use
   * {@link org.mobula.core.config.ConfigReader} with {@link #algorithms()} and the records of the
   * module that keeps them.
   *
   * @param overrides such as {@code algorithm.ppo.clip-range=0.1}, stronger than the file
   * @throws org.mobula.core.config.ConfigException where the file cannot be read or holds mistakes,
   *     with the place of each
   */
  public static TrainingConfig read(Path file, String... overrides) {
    return read(file, algorithms(), overrides);
  }

  /**
   * As {@link #read(Path, String...)}, with algorithms of one's own: {@code
   * algorithms().with(AlgorithmConfig.class, "reinforce", ReinforceConfig.class)}.
   *
   * @param alternatives what the file may name
   */
  public static TrainingConfig read(Path file, Alternatives alternatives, String... overrides) {
    return ConfigReader.read(file, TrainingConfig.class, List.of(overrides), alternatives);
  }

  /**
   * The built-in algorithms by their key in a file; for reading and writing configurations. The set
   * is open: {@link Alternatives#with} adds one's own.
   */
  public static Alternatives algorithms() {
    return Alternatives.of(
            AlgorithmConfig.class,
            Map.ofEntries(
                Map.entry("ppo", PpoConfig.class),
                Map.entry("a2c", A2cConfig.class),
                Map.entry("dqn", DqnConfig.class),
                Map.entry("pqn", PqnConfig.class),
                Map.entry("sac", SacConfig.class),
                Map.entry("td3", Td3Config.class),
                Map.entry("bc", BcConfig.class),
                Map.entry("marwil", MarwilConfig.class),
                Map.entry("td3-bc", Td3BcConfig.class),
                Map.entry("iql", IqlConfig.class),
                Map.entry("cql", CqlConfig.class)))
        .and(ParametersConfig.class, Map.of());
  }
}
