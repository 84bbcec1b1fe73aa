package org.mobula.core.training.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;

/** In which environment a policy is judged, where that is not the one that it learns in. */
@RecordBuilder
public record EvaluationEnvironmentConfig(
    @Doc(
            "a name as environment.name takes it, or one of Python's, such as"
                + " gymnasium:LunarLander-v3; the one that is learnt in if nothing is said")
        @Nullable String name,
    @Doc("settings of the environment, such as max-episode-steps; those of training do not count")
        Map<String, Object> options,
    @Doc(
            "wrappers as environment.wrappers takes them; those of training if nothing is said, which"
                + " may clip rewards or end episodes early")
        @Nullable List<Object> wrappers)
    implements Serializable, EvaluationEnvironmentConfigBuilder.With {

  /** Checks the values. */
  public EvaluationEnvironmentConfig {
    options = Map.copyOf(options);
    wrappers = wrappers == null ? null : List.copyOf(wrappers);
    Constraints.check(EvaluationEnvironmentConfig.class, name, options, wrappers);
  }

  /** The environment that is learnt in, with its own settings as they are by default. */
  public static EvaluationEnvironmentConfig defaults() {
    return new EvaluationEnvironmentConfig(null, Map.of(), null);
  }

  /** All that is to be known of it, where this is what is learnt in. */
  public EnvironmentConfig in(EnvironmentConfig training) {
    EnvironmentConfig judged =
        training.withId(name == null ? training.id() : name).withOptions(options);
    return wrappers == null ? judged : judged.withWrappers(wrappers);
  }
}
