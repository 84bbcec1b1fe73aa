package org.mobula.serve;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.NotEmpty;
import org.mobula.serve.batch.BatchingConfig;

/** A model to be served, and which of its versions. */
@RecordBuilder
public record ModelConfig(
    @Doc("the directory of a run or a checkpoint, or a policy.safetensors file") Path path,
    @Doc(
            "newest or best, which follow a run while it trains, or the step of a checkpoint;"
                + " heeded for a run")
        @NotEmpty
        String version,
    @Doc("another version that answers a part of the requests") @Nullable CanaryConfig canary,
    @Doc(
            "another version that computes each request too, its answers unheard: newest, best, a step")
        @Nullable String shadow,
    @Doc("how requests are put together") BatchingConfig batching)
    implements Serializable, ModelConfigBuilder.With {
  /** The version that is the last one written. */
  public static final String NEWEST = "newest";

  /** The version of the best evaluation. */
  public static final String BEST = "best";

  /** Checks the values. */
  public ModelConfig {
    Constraints.check(ModelConfig.class, path, version, canary, shadow, batching);
    checkVersion("version", version);
    if (shadow != null) {
      checkVersion("shadow", shadow);
    }
  }

  static void checkVersion(String key, String version) {
    Constraints.require(
        version.equals(NEWEST) || version.equals(BEST) || version.matches("\\d{1,18}"),
        key,
        version,
        "must be newest, best, or the step of a checkpoint");
  }

  /** The newest version, alone. */
  public static ModelConfig defaults(Path path) {
    return new ModelConfig(path, NEWEST, null, null, BatchingConfig.defaults());
  }
}
