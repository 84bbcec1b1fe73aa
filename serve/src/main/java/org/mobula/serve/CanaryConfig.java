package org.mobula.serve;

import java.io.Serializable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.NotEmpty;
import org.mobula.core.config.Range;

/** Another version that answers a part of the requests. */
public record CanaryConfig(
    @Doc("newest, best, or the step of a checkpoint") @NotEmpty String version,
    @Doc("its part of the requests that name no version; a session stays with one version")
        @Range(min = 0, max = 1)
        double weight)
    implements Serializable {

  /** Checks the values. */
  public CanaryConfig {
    Constraints.check(CanaryConfig.class, version, weight);
    ModelConfig.checkVersion("version", version);
  }
}
