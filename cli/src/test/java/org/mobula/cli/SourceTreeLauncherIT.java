package org.mobula.cli;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** When the script builds in a source tree; a stand-in for Maven copies jars of this build. */
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "the script is for a POSIX shell")
@Timeout(600)
class SourceTreeLauncherIT {
  private Path temporary = Path.of("");
  private Path tree = Path.of("");
  private Path source = Path.of("");
  private Path bin = Path.of("");
  private Path builds = Path.of("");

  @BeforeEach
  void makeTree(@TempDir Path folderOfTest) throws IOException {
    temporary = folderOfTest;
    tree = Files.createDirectory(temporary.resolve("a tree"));
    source = Files.createDirectories(tree.resolve("rl-core/src/main")).resolve("Some.java");
    Files.createDirectory(tree.resolve("cli"));
    for (String file : List.of("pom.xml", "cli/pom.xml", "rl-core/src/main/Some.java")) {
      Files.writeString(tree.resolve(file), "", UTF_8);
    }
    Files.copy(Path.of("mobula"), tree.resolve("cli/mobula"));
    assertThat(tree.resolve("cli/mobula").toFile().setExecutable(true)).isTrue();
    builds = temporary.resolve("builds");
    bin = Files.createDirectory(temporary.resolve("bin"));
    Path lib = Path.of("target/lib").toAbsolutePath();
    Shell.script(
        bin.resolve("mvn"),
        "echo build >>'%s'".formatted(builds),
        "mkdir -p '%s/cli/target/lib'".formatted(tree),
        "cd '%s' && cp $(ls *.jar | grep -v native) '%s/cli/target/lib'".formatted(lib, tree));
  }

  @Test
  void buildsOnFirstUseOnly() throws Exception {
    Shell.Outcome first = mobula().outcome();
    assertThat(first.err())
        .isEqualTo(
            "building Mobula (first use, some minutes: Maven may have to fetch 260 MB; "
                + tree.resolve("cli/target/build.log")
                + " grows with it) …\n");
    assertThat(first.out()).startsWith("mobula ");
    Shell.Outcome second = mobula().outcome();
    assertThat(second.err()).isEmpty();
    assertThat(second.out()).isEqualTo(first.out());
    assertThat(builds).hasContent("build\n");
  }

  @Test
  void buildsAgainWhenASourceIsNewer() throws Exception {
    mobula().outcome();
    touch(source, Duration.ofHours(-1));
    assertThat(mobula().outcome().err()).isEmpty();
    touch(tree.resolve("cli/target/built"), Duration.ofHours(-2));
    assertThat(mobula().outcome().err()).isEqualTo("building Mobula (sources have changed) …\n");
    assertThat(mobula().outcome().err()).isEmpty();
    assertThat(builds).hasContent("build\nbuild\n");
  }

  @Test
  void twoFirstUsesAtOnceBuildOnce() throws Exception {
    Shell.Running one = mobula();
    Shell.Running other = mobula();
    assertThat(one.outcome().out()).startsWith("mobula ");
    assertThat(other.outcome().out()).startsWith("mobula ");
    assertThat(builds).hasContent("build\n");
    assertThat(tree.resolve("cli/target/building")).doesNotExist();
  }

  @Test
  void takesTheLockOfAKilledBuild() throws Exception {
    Process dead = new ProcessBuilder("true").start();
    dead.waitFor();
    Path lock = Files.createDirectories(tree.resolve("cli/target/building"));
    Files.writeString(lock.resolve("pid"), dead.pid() + "\n", UTF_8);
    assertThat(mobula().outcome().out()).startsWith("mobula ");
  }

  @Test
  void showsTheEndOfAFailedBuildAndTheRemedy() throws Exception {
    Shell.script(
        bin.resolve("mvn"),
        "seq 1 100",
        "echo '[ERROR] Some.java:[1,1] not a statement' >&2",
        "echo '[INFO] for more information'",
        "exit 1");
    Shell.Outcome outcome = mobula().outcome();
    assertThat(outcome.exitCode()).isEqualTo(1);
    assertThat(outcome.err())
        .contains("Some.java:[1,1] not a statement")
        .doesNotContain("more information")
        .contains("the build failed; its whole output is in")
        .contains("needs a JDK 17 or newer")
        .doesNotContain("\n42\n");
    assertThat(mobula().outcome().exitCode()).as("tries again").isEqualTo(1);
  }

  @Test
  void saysWhenMavenIsMissing() throws Exception {
    Files.delete(bin.resolve("mvn"));
    for (String tool : List.of("mkdir", "find", "rm", "cat")) {
      Shell.script(bin.resolve(tool), "exec /bin/" + tool + " \"$@\"");
    }
    Shell.Outcome outcome =
        Shell.in(temporary)
            .with("JAVA_HOME", System.getProperty("java.home"))
            .with("PATH", bin.toString())
            .run(tree.resolve("cli/mobula").toString());
    assertThat(outcome.err()).contains("Maven (mvn) is not on PATH").contains("Install Maven 3.8");
    assertThat(outcome.exitCode()).isEqualTo(1);
  }

  private Shell.Running mobula() throws IOException {
    return Shell.in(temporary)
        .with("JAVA_HOME", System.getProperty("java.home"))
        .with("PATH", bin + ":" + System.getenv("PATH"))
        .start(tree.resolve("cli/mobula").toString(), "--version");
  }

  private static void touch(Path file, Duration fromNow) throws IOException {
    Files.setLastModifiedTime(file, FileTime.from(Instant.now().plus(fromNow)));
  }
}
