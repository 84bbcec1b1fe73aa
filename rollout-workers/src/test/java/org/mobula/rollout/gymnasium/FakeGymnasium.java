package org.mobula.rollout.gymnasium;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.mobula.core.training.config.EnvironmentConfig;

/** Environments of a module of a few lines that stands in for Gymnasium: any Python 3 has them. */
final class FakeGymnasium {
  private FakeGymnasium() {}

  static EnvironmentConfig config(String id, Map<String, Object> options) {
    requirePython();
    return EnvironmentConfig.defaults("gymnasium:" + id)
        .withOptions(options)
        .withPythonPath(List.of(path()))
        .withStepTimeout(Duration.ofMinutes(2));
  }

  static EnvironmentConfig config(String id) {
    return config(id, Map.of());
  }

  static PythonEnvironments of(String id, Map<String, Object> options) {
    return PythonEnvironments.of(config(id, options));
  }

  static String path() {
    try {
      return Path.of(FakeGymnasium.class.getResource("fake").toURI()).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  static void requirePython() {
    boolean found =
        Stream.of(System.getenv("PATH").split(":"))
            .anyMatch(folder -> Files.isExecutable(Path.of(folder, "python3")));
    assumeTrue(found, "no python3 on the PATH: environments of Python cannot be stepped");
  }

  /** The Python processes of this JVM. */
  static List<ProcessHandle> processes() {
    return ProcessHandle.current()
        .children()
        .filter(child -> child.info().command().orElse("").contains("python"))
        .toList();
  }

  /** What the bridge of this JVM has left with a name; there must be nothing. */
  static Set<String> files() throws IOException {
    return files(ProcessHandle.current().pid());
  }

  /** The same of another JVM. */
  static Set<String> files(long pid) throws IOException {
    String mine = "mobula-" + pid + "-";
    Set<String> found = new TreeSet<>();
    for (String folder : List.of("/dev/shm", System.getProperty("java.io.tmpdir"))) {
      if (Files.isDirectory(Path.of(folder))) {
        try (Stream<Path> files = Files.list(Path.of(folder))) {
          found.addAll(
              files
                  .filter(file -> file.getFileName().toString().startsWith(mine))
                  .map(Path::toString)
                  .collect(Collectors.toSet()));
        }
      }
    }
    return found;
  }
}
