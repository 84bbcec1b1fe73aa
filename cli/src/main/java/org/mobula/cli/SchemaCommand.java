package org.mobula.cli;

import org.mobula.cli.composition.ConfigFiles;
import org.mobula.core.config.JsonSchema;
import org.mobula.core.training.config.TrainingConfig;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(
    name = "schema",
    description = {
      "Print the JSON Schema of a training file.",
      "For an editor that completes and checks: mobula schema > training.schema.json,",
      "and as the first line of the training file:",
      "# yaml-language-server: $$schema=training.schema.json"
    })
final class SchemaCommand implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Override
  public void run() {
    spec.commandLine()
        .getOut()
        .println(JsonSchema.of(TrainingConfig.class, ConfigFiles.alternatives()));
  }
}
