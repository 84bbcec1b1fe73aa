package org.mobula.core;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.network.Activation;
import org.mobula.core.network.Initialization;
import org.mobula.core.network.MlpSpec;
import org.mobula.core.policy.NetworkEngine;

/** Programs that are started without the Vector API. */
@Timeout(300)
class MobulaTest {
  private static final String OBSTACLE = "Java was started without --add-modules";
  private static final String WARNING =
      "warning: "
          + OBSTACLE
          + " jdk.incubator.vector, so PyTorch computes the networks, which is slower for small"
          + " ones; add --add-modules jdk.incubator.vector to the JVM's options or to the"
          + " environment variable JDK_JAVA_OPTIONS, or"
          + " 'Add-Exports: java.base/jdk.internal.module' to the manifest of the jar that java -jar"
          + " starts";

  @TempDir Path folder;

  @Test
  void aManifestBringsTheVectorApi() throws Exception {
    assertThat(run(List.of("-jar", jar(true).toString())))
        .containsExactly("obstacle: none", "networks: 2 MlpNetwork");
  }

  @Test
  void withoutItTheObstacleIsNamed() throws Exception {
    assertThat(run(List.of("-jar", jar(false).toString())))
        .contains("obstacle: " + OBSTACLE + " jdk.incubator.vector");
  }

  /** SLF4J's own words about its missing provider are not ours. */
  @Test
  void withoutALoggerTheWarningComesOnce() throws Exception {
    assertThat(run(List.of("-cp", classPath("slf4j-nop"), Program.class.getName())))
        .contains("networks: 2 DjlNetwork")
        .containsOnlyOnce(WARNING);
  }

  @Test
  void aLoggerThatIsToBeSilentIsSilent() throws Exception {
    assertThat(run(List.of("-cp", classPath("nothing"), Program.class.getName())))
        .contains("networks: 2 DjlNetwork")
        .doesNotContain(WARNING);
  }

  private Path jar(boolean exports) throws IOException {
    Manifest manifest = new Manifest();
    Attributes attributes = manifest.getMainAttributes();
    attributes.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    attributes.put(Attributes.Name.MAIN_CLASS, Program.class.getName());
    attributes.put(
        Attributes.Name.CLASS_PATH,
        Arrays.stream(classPath("nothing").split(File.pathSeparator))
            .map(entry -> Path.of(entry).toUri().toString())
            .collect(Collectors.joining(" ")));
    if (exports) {
      attributes.put(new Attributes.Name("Add-Exports"), "java.base/jdk.internal.module");
    }
    Path file = folder.resolve("service.jar");
    new JarOutputStream(Files.newOutputStream(file), manifest).close();
    return file;
  }

  private static String classPath(String without) {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> !entry.contains(without))
        .collect(Collectors.joining(File.pathSeparator));
  }

  private static List<String> run(List<String> arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(System.getProperty("java.home") + "/bin/java");
    command.addAll(arguments);
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().remove("JDK_JAVA_OPTIONS");
    Process process = builder.start();
    List<String> said;
    try (BufferedReader reader = process.inputReader(UTF_8)) {
      said = reader.lines().toList();
    }
    assertThat(process.waitFor()).as("%s", said).isZero();
    return said;
  }

  /** A service's main. */
  static final class Program {
    private Program() {}

    @SuppressWarnings("SystemOut")
    public static void main(String[] arguments) {
      System.out.println("obstacle: " + Mobula.loadVectorApi().orElse("none"));
      MlpSpec spec =
          new MlpSpec(
              2,
              List.of(3),
              List.of(new MlpSpec.Head("out", List.of(), 1, 1)),
              Activation.TANH,
              Initialization.orthogonal());
      String name = "";
      for (int i = 0; i < 2; i++) {
        try (var network = NetworkEngine.AUTO.create(spec)) {
          name = network.getClass().getSimpleName();
        }
      }
      System.out.println("networks: 2 " + name);
    }
  }
}
