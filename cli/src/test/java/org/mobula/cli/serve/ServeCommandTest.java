package org.mobula.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.Cli;
import org.mobula.cli.TrainingFiles;

class ServeCommandTest {
  @TempDir private Path folder;

  @Test
  void mistakesAreExplained() throws IOException {
    assertRefused("give a RUN_OR_CHECKPOINT, or a --config with models", "serve");
    assertRefused("there is no run nowhere", "serve", "nowhere");
    assertRefused("did you mean port?", "serve", "x", "--set", "prot=1");
    String file = TrainingFiles.file(folder, "serve.yaml", "prot: 8080\n");
    assertRefused("did you mean port?", "serve", "--config", file);
    String model = TrainingFiles.file(folder, "model.pt", "no TorchScript");
    assertRefused("model.pt is no TorchScript file that PyTorch reads", "serve", model);
    String none = folder.resolve("none.yaml").toString();
    assertRefused("none.yaml", "serve", "--config", none);
    String missing = TrainingFiles.file(folder, "missing.yaml", "models: {m: {path: nowhere}}\n");
    assertRefused("nowhere does not exist", "serve", "--config", missing);
    assertRefused("--port", "serve", "x", "--port", "many");
    String empty = TrainingFiles.file(folder, "empty.yaml", "port: 0\n");
    assertRefused("no models", "serve", "--config", empty);
  }

  @Test
  void describesItsFile() {
    assertThat(Cli.run("serve", "--schema").out())
        .contains("\"admin-token-file\"", "\"grpc-port\"", "\"roll-every\"");
  }

  private static void assertRefused(String error, String... arguments) {
    Cli.Outcome outcome = Cli.run(arguments);
    assertThat(outcome.err()).contains(error);
    assertThat(outcome.exitCode()).isEqualTo(2);
  }
}
