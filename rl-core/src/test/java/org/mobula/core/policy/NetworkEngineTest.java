package org.mobula.core.policy;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;

/** What somebody is told who has neither the Vector API nor PyTorch. */
@Timeout(300)
class NetworkEngineTest {
  @ParameterizedTest
  @CsvSource({
    "pytorch-native, PyTorch cannot be started (Failed to save pytorch index file: Offline mode is"
        + " enabled.): start",
    "pytorch, PyTorch cannot be started (Deep learning engine not found: PyTorch): start",
    "pytorch|ai.djl, 'Deep Java Library, on which org.mobula:rl-core depends, is not on the class"
        + " path: start'"
  })
  void tellsWhatToAdd(String missing, String beginning) throws Exception {
    List<String> parts = List.of(missing.split("\\|"));
    String classPath =
        Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
            .filter(
                entry ->
                    parts.stream()
                        .noneMatch(part -> entry.replace(File.separatorChar, '.').contains(part)))
            .collect(Collectors.joining(File.pathSeparator));
    Process process =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                classPath,
                Without.class.getName())
            .redirectError(ProcessBuilder.Redirect.DISCARD) // newer JVMs warn there
            .start();
    List<String> said;
    try (BufferedReader reader = process.inputReader(UTF_8)) {
      said = reader.lines().toList();
    }
    assertThat(process.waitFor()).isZero();
    assertThat(said).hasSize(2); // the second time as the first
    assertThat(said.get(0))
        .isEqualTo(said.get(1))
        .startsWith(beginning + " the JVM with --add-modules jdk.incubator.vector")
        .contains("pytorch-native-cpu")
        .endsWith("which org.mobula:rl-core brings");
  }

  /** Runs without them. */
  static final class Without {
    private Without() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] arguments) {
      MlpSpec spec =
          new MlpSpec(
              2,
              List.of(3),
              List.of(new MlpSpec.Head("out", List.of(), 1, 1)),
              Activation.TANH,
              Initialization.orthogonal());
      for (int i = 0; i < 2; i++) {
        try {
          NetworkEngine.AUTO.create(spec).close();
        } catch (IllegalStateException e) {
          System.out.println(e.getMessage());
        }
      }
    }
  }
}
