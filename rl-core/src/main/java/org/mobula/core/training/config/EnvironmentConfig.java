package org.mobula.core.training.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.OrOne;
import org.mobula.core.config.Range;

/**
 * Which environment, and how many of it. It has a {@code name}, or is one of Python's (an id of
 * Gymnasium's or a task of EnvPool's), or other processes play it.
 */
@RecordBuilder
public record EnvironmentConfig(
    @Doc(
            "a name of the catalogue, or a class on the class path with a public constructor without"
                + " arguments")
        @Elsewhere("env_id")
        @Nullable String name,
    @Doc("environments that act at the same time, over all workers")
        @Elsewhere({"n_envs", "num_envs"})
        @Range(min = 1)
        int count,
    @Doc("threads that step the environments of one process; 1 is the caller's own") @Range(min = 1)
        int threads,
    @Doc(
            "settings of the environment, such as max-episode-steps; a Python environment's keyword"
                + " arguments")
        Map<String, Object> options,
    @Doc(
            "options that each episode is reset with, such as a level: fixed values, or numbers that"
                + " change over the run's steps, such as {linear: {from: 0, to: 1}}; evaluations take"
                + " those of the run's end")
        Map<String, Object> resetOptions,
    @Doc(
            "in place of a name: an id of Gymnasium's, such as LunarLander-v3, or module:id where"
                + " importing a module registers it; stepped in a Python process a worker")
        @Nullable String gymnasium,
    @Doc("in place of a name: a task of EnvPool's, such as Pong-v5") @Nullable String envpool,
    @Doc(
            "in place of a name: the spaces of what other processes play, such as a game engine that"
                + " asks for actions, by mobula train --listen; or of what was recorded, with data")
        @Nullable ExternalEnvironmentConfig external,
    @Doc(
            "wrappers, the innermost first, each a name alone or with its options, such as {MaxAndSkip:"
                + " {skip: 4}}; of a Gymnasium environment a name in gymnasium.wrappers or module:name,"
                + " alone or with its keyword arguments, such as {TimeLimit: {max_episode_steps: 100}}")
        List<Object> wrappers,
    @Doc(
            "the Python of Gymnasium or EnvPool: an interpreter, or the folder of a virtual"
                + " environment; python3 of the PATH if nothing is said")
        @Nullable String python,
    @Doc(
            "folders with Python modules of one's own; a relative one is looked for where the program"
                + " was started")
        @OrOne
        List<String> pythonPath,
    @Doc(
            "how long one step or reset of Python's environments may take before their process is"
                + " ended; its start has a minute at least")
        @Range(exclusiveMin = 0)
        Duration stepTimeout)
    implements Serializable, EnvironmentConfigBuilder.With {
  private static final String GYMNASIUM = "gymnasium:";
  private static final String ENVPOOL = "envpool:";
  private static final String EXTERNAL = "external";

  /** Checks the values. */
  public EnvironmentConfig {
    options = Map.copyOf(options);
    resetOptions = ScheduledOptions.written(resetOptions);
    wrappers = List.copyOf(wrappers);
    pythonPath = List.copyOf(pythonPath);
    Constraints.check(
        EnvironmentConfig.class,
        name,
        count,
        threads,
        options,
        resetOptions,
        gymnasium,
        envpool,
        external,
        wrappers,
        python,
        pythonPath,
        stepTimeout);
    long given = Stream.of(name, gymnasium, envpool, external).filter(Objects::nonNull).count();
    if (given != 1) {
      throw new IllegalArgumentException(
          "exactly one of name, gymnasium, envpool and external says which environment, but "
              + (given == 0 ? "none is there" : given + " are there"));
    }
    Constraints.require(
        envpool == null || wrappers.isEmpty(),
        "wrappers",
        wrappers,
        "must be left out where envpool names the environment, which has options for what they do");
    ScheduledOptions.at(resetOptions, 0);
    if (external != null) {
      requireNothing("threads", threads, threads == 1);
      requireNothing("options", options, options.isEmpty());
      requireNothing("wrappers", wrappers, wrappers.isEmpty());
      requireNothing("reset-options", resetOptions, resetOptions.isEmpty());
    }
  }

  private static void requireNothing(String key, Object value, boolean usual) {
    Constraints.require(
        usual, key, value, "must be left out where other processes play the environment");
  }

  /**
   * What episodes are reset with at some point of a run.
   *
   * @param progress the part of the run's steps that is done, from 0 to 1
   */
  public Map<String, Object> resetOptions(double progress) {
    return ScheduledOptions.at(resetOptions, progress);
  }

  /**
   * The environment in one word, for commands and reports: its name, {@code gymnasium:} and the id,
   * {@code envpool:} and the task, or {@code external}.
   */
  public String id() {
    if (external != null) {
      return EXTERNAL;
    }
    if (gymnasium != null) {
      return GYMNASIUM + gymnasium;
    }
    return envpool != null ? ENVPOOL + envpool : Objects.requireNonNull(name);
  }

  /**
   * The same settings for another environment, named as {@link #id} has it; without wrappers where
   * that is stepped elsewhere.
   */
  public EnvironmentConfig withId(String id) {
    boolean ofGymnasium = id.startsWith(GYMNASIUM);
    boolean ofEnvPool = id.startsWith(ENVPOOL);
    return new EnvironmentConfig(
        ofGymnasium || ofEnvPool ? null : id,
        count,
        threads,
        options,
        resetOptions,
        ofGymnasium ? id.substring(GYMNASIUM.length()) : null,
        ofEnvPool ? id.substring(ENVPOOL.length()) : null,
        null,
        ofGymnasium == (gymnasium != null) && !ofEnvPool ? wrappers : List.of(),
        python,
        pythonPath,
        stepTimeout);
  }

  /** Whether its environments are stepped in Python. */
  public boolean isPython() {
    return gymnasium != null || envpool != null;
  }

  /**
   * One environment.
   *
   * @param id a name, {@code gymnasium:} and an id of Gymnasium's, or {@code envpool:} and a task
   *     of EnvPool's
   */
  public static EnvironmentConfig defaults(String id) {
    return defaults(id, null, null, null).withId(id);
  }

  /** One environment: exactly one of the four is not null. */
  public static EnvironmentConfig defaults(
      @Nullable String name,
      @Nullable String gymnasium,
      @Nullable String envpool,
      @Nullable ExternalEnvironmentConfig external) {
    return new EnvironmentConfig(
        name,
        1,
        1,
        Map.of(),
        Map.of(),
        gymnasium,
        envpool,
        external,
        List.of(),
        null,
        List.of(),
        Duration.ofMinutes(5));
  }
}
