package org.mobula.core.training.config;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.time.Duration;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.ExternalEnvironment;

/**
 * The spaces of an environment that other processes play, and how patient training is with them.
 */
@RecordBuilder
public record ExternalEnvironmentConfig(
    @Doc("what is observed") SpaceConfig observations,
    @Doc("what may be done") SpaceConfig actions,
    @Doc("whether each observation comes with a mask of the choices that are allowed")
        boolean masks,
    @Doc(
            "how long a session may be silent before its episode is given up, and a request waits for"
                + " its answer; such as 10s to 10m")
        @Range(exclusiveMin = 0)
        Duration timeout)
    implements Serializable, ExternalEnvironmentConfigBuilder.With {

  /** Checks the values. */
  public ExternalEnvironmentConfig {
    Constraints.check(ExternalEnvironmentConfig.class, observations, actions, masks, timeout);
    Constraints.require(
        !masks || actions.space().maskSize() > 0,
        "masks",
        masks,
        "must be false where no choice is discrete");
  }

  /** These spaces, without masks and with a minute of patience. */
  public static ExternalEnvironmentConfig defaults(SpaceConfig observations, SpaceConfig actions) {
    return new ExternalEnvironmentConfig(observations, actions, false, Duration.ofMinutes(1));
  }

  /** The environment. */
  public ExternalEnvironment environment() {
    return new ExternalEnvironment(observations.space(), actions.space(), masks);
  }

  /** Makes the environment. */
  public EnvironmentFactory factory() {
    return this::environment;
  }
}
