package org.mobula.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ServeCommandTest {
  @TempDir private Path folder;

  @Test
  void mistakesAreExplained() throws IOException {
    assertRefused("give a RUN_OR_CHECKPOINT, or a --config with models", "serve");
    assertRefused("there is no run nowhere", "serve", "nowhere");
    assertRefused("--set needs a --config", "serve", "x", "--set", "port=1");
    String file = TrainingFiles.file(folder, "serve.yaml", "prot: 8080\n");
    assertRefused("did you mean port?", "serve", "--config", file);
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
