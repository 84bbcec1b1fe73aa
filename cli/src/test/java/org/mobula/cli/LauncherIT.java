package org.mobula.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The release, unpacked and started through its script as a user does. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the script is for a POSIX shell")
@Timeout(600)
class LauncherIT {
  private static final String OTHER_JAVAS = "MOBULA_TEST_JAVA_HOMES";

  private static Path temporary = Path.of("");
  private static Path release = Path.of("");

  @BeforeAll
  static void unpack(@TempDir Path folderOfTests) throws Exception {
    temporary = folderOfTests;
    Path folder = Files.createDirectory(temporary.resolve("a release"));
    Shell.Outcome tar =
        Shell.in(folder).run("tar", "-xzf", System.getProperty("mobula.distribution"));
    assertThat(tar.exitCode()).as(tar.err()).isZero();
    release = folder.resolve("mobula-" + System.getProperty("mobula.version"));
  }

  @Test
  void releaseHoldsWhatItPromises() {
    assertThat(release.resolve("bin/mobula")).isExecutable();
    assertThat(release.resolve("bin/mobula.cmd")).isNotEmptyFile();
    assertThat(release.resolve("LICENSE")).content().contains("Apache License");
    assertThat(release.resolve("lib"))
        .isDirectoryContaining("glob:**/cli-*.jar")
        .isDirectoryContaining("glob:**/rl-core-*.jar")
        .isDirectoryContaining("glob:**/pytorch-native-cpu-*.jar");
    assertThat(release.resolve("notebooks")).isDirectoryContaining("glob:**/5-serving.ipynb");
  }

  @Test
  void opensTheNotebooksThatItHolds() throws Exception {
    Path folder = Files.createDirectory(temporary.resolve("of notebooks"));
    Path bin = Files.createDirectories(folder.resolve(".venv/bin"));
    Files.createDirectories(folder.resolve(".venv/share/jupyter/kernels/java"));
    Shell.script(bin.resolve("jupyter"), "echo \"$*\"", "echo \"$JJAVA_CLASSPATH\"");
    Shell.script(bin.resolve("jupyter-lab"));
    Shell.Outcome outcome = Shell.in(folder).run(mobula(), "notebook", "--examples");
    assertThat(outcome.err()).isEmpty();
    assertThat(outcome.out())
        .startsWith("lab " + release.toRealPath().resolve("notebooks") + "\n")
        .contains(release.toRealPath().resolve("lib/notebooks-").toString());
    assertThat(outcome.exitCode()).isZero();
  }

  @Test
  void startsSilentlyOnThisJava() throws Exception {
    startsSilentlyOn(Path.of(System.getProperty("java.home")));
  }

  @Test
  void startsSilentlyOnTheOtherJavas() throws Exception {
    String homes = System.getenv(OTHER_JAVAS);
    assumeTrue(
        homes != null && !homes.isBlank(),
        OTHER_JAVAS + " names no other JDK: only tried on " + System.getProperty("java.version"));
    for (String home : homes.split(File.pathSeparator, -1)) {
      startsSilentlyOn(Path.of(home));
    }
  }

  private static void startsSilentlyOn(Path javaHome) throws Exception {
    Shell shell = Shell.in(temporary).with("JAVA_HOME", javaHome.toString());
    // Twice: the first start makes the class-data archive that the second uses.
    for (int start = 0; start < 2; start++) {
      Shell.Outcome version = shell.run(mobula(), "--version");
      assertThat(version.err()).isEmpty();
      assertThat(version.out())
          .matches("mobula %s \\(Java .*\\)\n".formatted(System.getProperty("mobula.version")));
      assertThat(version.exitCode()).isZero();
    }
    Shell.Outcome doctor = shell.run(mobula(), "doctor", "--json", "--engines");
    assertThat(doctor.err()).isEmpty();
    JsonNode found = new ObjectMapper().readTree(doctor.out());
    assertThat(found.at("/java/home").asText()).isEqualTo(javaHome.toRealPath().toString());
    assertThat(found.at("/vector_api/present").asBoolean()).isTrue();
    assertThat(found.at("/vector_api/bits").asInt()).isGreaterThanOrEqualTo(64);
    assertThat(found.at("/pytorch/started/error").isNull()).as(doctor.out()).isTrue();
    assertThat(doctor.exitCode()).isZero();
  }

  @Test
  void runsThroughLinksFromAnywhere() throws Exception {
    Path folder = Files.createDirectory(temporary.resolve("else where"));
    Path direct = Files.createSymbolicLink(folder.resolve("direct"), Path.of(mobula()));
    Files.createSymbolicLink(folder.resolve("mobula"), Path.of("direct"));
    assertThat(Shell.in(folder).run("./mobula", "--version").out()).startsWith("mobula ");
    assertThat(Shell.in(folder).run("sh", "mobula", "--version").out()).startsWith("mobula ");
    assertThat(Shell.in(temporary).run(direct.toString(), "--version").out()).startsWith("mobula ");
  }

  @Test
  void passesOverADamagedArchive() throws Exception {
    Shell shell = Shell.in(temporary).with("JAVA_HOME", System.getProperty("java.home"));
    shell.run(mobula(), "--version");
    for (Path archive : archives()) {
      Files.delete(archive); // the JVM leaves it read-only
      Files.writeString(archive, "not an archive");
    }
    Shell.Outcome version = shell.run(mobula(), "--version");
    assertThat(version.out()).startsWith("mobula ").hasLineCount(1);
    assertThat(version.err()).isEmpty();
    for (Path archive : archives()) {
      Files.delete(archive);
    }
  }

  @Test
  void makesTheArchiveAnewWhenAJarIsNewer() throws Exception {
    Shell shell = Shell.in(temporary).with("JAVA_HOME", System.getProperty("java.home"));
    shell.run(mobula(), "--version");
    for (Path archive : archives()) {
      Files.setLastModifiedTime(archive, FileTime.fromMillis(0));
    }
    shell.run(mobula(), "--version");
    assertThat(archives())
        .anySatisfy(
            archive -> assertThat(Files.getLastModifiedTime(archive).toMillis()).isPositive());
  }

  @Test
  void leavesNoHalfAnArchiveWhenItIsEnded() throws Exception {
    Path home = temporary.resolve("java that is slow");
    Files.createDirectories(home.resolve("bin"));
    Files.writeString(home.resolve("release"), "JAVA_VERSION=\"17.0.99\"\n", UTF_8);
    Shell.script(
        home.resolve("bin/java"),
        "for option; do case $option in",
        "  -XX:ArchiveClassesAtExit=*) : >\"${option#*=}\" ;;",
        "esac; done",
        "kill -TERM $PPID");
    Shell.Outcome outcome =
        Shell.in(temporary).with("JAVA_HOME", home.toString()).run(mobula(), "--version");
    assertThat(outcome.exitCode()).isEqualTo(143);
    assertThat(release.resolve("lib")).isDirectoryNotContaining("glob:**/mobula-java-17.0.99*");
  }

  private static List<Path> archives() throws IOException {
    try (Stream<Path> files = Files.list(release.resolve("lib"))) {
      return files.filter(file -> file.toString().endsWith(".jsa")).toList();
    }
  }

  @Test
  void showsWhatTheJvmSaysBeforeMain() throws Exception {
    Shell.Outcome outcome =
        Shell.in(temporary).with("MOBULA_JAVA_OPTS", "-XX:NoSuchFlag").run(mobula(), "--version");
    assertThat(outcome.err()).contains("NoSuchFlag").contains("Could not create the Java");
    assertThat(outcome.exitCode()).isEqualTo(1);
  }

  @Test
  void handsOnTheOptionsForTheJvm() throws Exception {
    Shell.Outcome doctor =
        Shell.in(temporary)
            .with("MOBULA_JAVA_OPTS", "-Xmx123m -XX:+UseSerialGC")
            .run(mobula(), "doctor", "--json");
    assertThat(new ObjectMapper().readTree(doctor.out()).at("/java/max_heap_mib").asInt())
        .isBetween(100, 123);
  }

  @Test
  void exitsWithTheCommandsCode() throws Exception {
    Shell.Outcome outcome = Shell.in(temporary).run(mobula(), "docto");
    assertThat(outcome.exitCode()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err())
        .contains("docto")
        .contains("'" + mobula() + "' --help"); // to be pasted: there is a space in it
  }

  @Test
  void refusesAnOldJava() throws Exception {
    Path old = temporary.resolve("java 11");
    Files.createDirectories(old.resolve("bin"));
    Shell.script(old.resolve("bin/java"), "exit 99");
    Files.writeString(old.resolve("release"), "JAVA_VERSION=\"11.0.2\"\n", UTF_8);
    Shell.Outcome outcome =
        Shell.in(temporary).with("JAVA_HOME", old.toString()).run(mobula(), "--version");
    assertThat(outcome.err())
        .contains("is Java 11.0.2, but Mobula needs 17 or newer")
        .contains("Install a JDK");
    assertThat(outcome.exitCode()).isEqualTo(1);
  }

  @Test
  void asksAJavaThatHasNoReleaseFile() throws Exception {
    Path old = temporary.resolve("java 8");
    Files.createDirectories(old.resolve("bin"));
    Shell.script(old.resolve("bin/java"), "echo 'java version \"1.8.0_402\"' >&2");
    Shell.Outcome outcome =
        Shell.in(temporary).with("JAVA_HOME", old.toString()).run(mobula(), "--version");
    assertThat(outcome.err()).contains("is Java 1.8.0_402, but Mobula needs 17 or newer");
  }

  @Test
  void saysHowToGetAMissingJava() throws Exception {
    Shell.Outcome wrong =
        Shell.in(temporary).with("JAVA_HOME", "/no/such").run(mobula(), "--version");
    assertThat(wrong.err()).contains("JAVA_HOME is /no/such, but there is no bin/java in it");
    Shell.Outcome none =
        Shell.in(temporary).without("JAVA_HOME").with("PATH", "/no/such").run(mobula());
    assertThat(none.err()).contains("no Java found").contains("Install a JDK 17 or newer");
    assertThat(none.exitCode()).isEqualTo(1);
  }

  private static String mobula() {
    return release.resolve("bin/mobula").toString();
  }
}
