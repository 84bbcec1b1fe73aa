package org.mobula.core.training;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.util.Map;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Elsewhere;
import org.mobula.core.config.Range;

/** Which environment, and how many of it. */
@RecordBuilder
public record EnvironmentConfig(
    @Doc(
            "a name of the catalogue, or a class on the class path with a public constructor without"
                + " arguments")
        @Elsewhere("env_id")
        String name,
    @Doc("environments that act at the same time, over all workers")
        @Elsewhere({"n_envs", "num_envs"})
        @Range(min = 1)
        int count,
    @Doc("threads that step the environments of one process; 1 is the caller's own") @Range(min = 1)
        int threads,
    @Doc("settings of the environment, such as max-episode-steps") Map<String, Object> options,
    @Doc(
            "options that each episode is reset with, such as a level: fixed values, or numbers that"
                + " change over the run's steps, such as {linear: {from: 0, to: 1}}; evaluations take"
                + " those of the run's end")
        Map<String, Object> resetOptions)
    implements Serializable, EnvironmentConfigBuilder.With {

  /** Checks the values. */
  public EnvironmentConfig {
    options = Map.copyOf(options);
    resetOptions = ScheduledOptions.written(resetOptions);
    Constraints.check(EnvironmentConfig.class, name, count, threads, options, resetOptions);
    ScheduledOptions.at(resetOptions, 0);
  }

  /**
   * What episodes are reset with at some point of a run.
   *
   * @param progress the part of the run's steps that is done, from 0 to 1
   */
  public Map<String, Object> resetOptions(double progress) {
    return ScheduledOptions.at(resetOptions, progress);
  }

  /** One environment of this name. */
  public static EnvironmentConfig defaults(String name) {
    return new EnvironmentConfig(name, 1, 1, Map.of(), Map.of());
  }
}
