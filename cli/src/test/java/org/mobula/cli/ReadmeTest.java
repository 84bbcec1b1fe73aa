package org.mobula.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.core.config.ConfigReader;
import org.mobula.core.training.config.TrainingConfig;

/** What the front page shows is what the code does. */
class ReadmeTest {
  private static final Path ROOT = Path.of("..");

  @TempDir Path folder;

  @Test
  void environmentOfOnesOwnCompilesAndLearns() throws Exception {
    Path source = folder.resolve("Corridor.java");
    Files.writeString(source, block("java"));
    ByteArrayOutputStream messages = new ByteArrayOutputStream();
    int compiled =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                messages,
                messages,
                "-cp",
                System.getProperty("java.class.path"),
                "-proc:none",
                source.toString());
    assertThat(compiled).as(messages.toString(StandardCharsets.UTF_8)).isZero();

    assertThat(output()).isEqualTo("1.0\n");
  }

  /** What the example prints: nothing of a broken promise, then the action. */
  private String output() throws Exception {
    PrintStream before = System.out;
    ByteArrayOutputStream printed = new ByteArrayOutputStream();
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {folder.toUri().toURL()}, getClass().getClassLoader())) {
      System.setOut(new PrintStream(printed, true, StandardCharsets.UTF_8));
      Class.forName("Corridor", true, loader)
          .getMethod("main", String[].class)
          .invoke(null, (Object) new String[0]);
    } finally {
      System.setOut(before);
    }
    return printed.toString(StandardCharsets.UTF_8).replace("\r\n", "\n");
  }

  @Test
  void runInOneFileIsOne() throws Exception {
    assertThat(read(block("yaml"), "README.md").environment().name()).isEqualTo("CartPole-v1");
  }

  /** Of the folder, and of the projects in it. */
  static List<Path> examples() throws Exception {
    try (Stream<Path> files = Files.walk(Path.of("examples"), 2)) {
      return files
          .filter(file -> file.toString().endsWith(".yaml"))
          .filter(file -> !file.toString().endsWith("-search.yaml"))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("examples")
  void everyOtherExampleIsARun(Path example) throws Exception {
    assertThat(read(Files.readString(example), example.toString()).stop().environmentSteps())
        .isPositive();
  }

  private static TrainingConfig read(String yaml, String name) {
    return ConfigReader.read(
        yaml, name, TrainingConfig.class, List.of(), TrainingConfig.algorithms());
  }

  /** The first block of this language. */
  private static String block(String language) throws Exception {
    Matcher block =
        Pattern.compile("```" + language + "\n(.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(ROOT.resolve("README.md")).replace("\r\n", "\n"));
    assertThat(block.find()).isTrue();
    return block.group(1);
  }
}
