package org.mobula.serve;

import io.soabase.recordbuilder.core.RecordBuilder;
import java.io.Serializable;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.NotEmpty;
import org.mobula.serve.batch.BatchingConfig;
import org.mobula.serve.model.TensorSpec;

/** A model to be served, and which of its versions. */
@RecordBuilder
public record ModelConfig(
    @Doc(
            "the directory of a run or a checkpoint, a policy.safetensors file, a TorchScript file"
                + " (.pt), or a directory with one, or with one in each of 1/, 2/, …")
        Path path,
    @Doc(
            "newest or best, which follow a run while it trains, or the step of a checkpoint;"
                + " heeded for a run and for numbered TorchScript files")
        @NotEmpty
        String version,
    @Doc("another version that answers a part of the requests") @Nullable CanaryConfig canary,
    @Doc(
            "another version that computes each request too, its answers unheard: newest, best, a step")
        @Nullable String shadow,
    @Doc(
            "what a TorchScript file takes, which it does not say itself; may be left out where one"
                + " fp32 input goes into a linear layer")
        List<TensorSpec> inputs,
    @Doc(
            "names of what a TorchScript file gives, with the datatypes and shapes; found by a first"
                + " computation where they are left out")
        List<TensorSpec> outputs,
    @Doc("how requests are put together") BatchingConfig batching)
    implements Serializable, ModelConfigBuilder.With {
  /** The version that is the last one written. */
  public static final String NEWEST = "newest";

  /** The version of the best evaluation. */
  public static final String BEST = "best";

  /** Checks the values. */
  public ModelConfig {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    Constraints.check(ModelConfig.class, path, version, canary, shadow, inputs, outputs, batching);
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
    return new ModelConfig(
        path, NEWEST, null, null, List.of(), List.of(), BatchingConfig.defaults());
  }
}
