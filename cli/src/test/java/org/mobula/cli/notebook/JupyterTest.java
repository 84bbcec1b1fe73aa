package org.mobula.cli.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.cli.output.CommandFailure;

class JupyterTest {
  @TempDir Path folder;

  private Path executable(String name, String script) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, "#!/bin/sh\n" + script + "\n");
    assertThat(file.toFile().setExecutable(true)).isTrue();
    return file;
  }

  @Test
  void saysHowToInstallWhatIsMissing() throws IOException {
    assertThatThrownBy(() -> Jupyter.find(folder, folder.toString()))
        .hasMessage("mobula: no jupyter found, neither in .venv nor on PATH")
        .satisfies(
            e -> {
              assertThat(((CommandFailure) e).exitCode()).isEqualTo(2);
              assertThat(((CommandFailure) e).remedy()).contains("jupyterlab jjava==");
            });

    executable("bin/jupyter", "true");
    Jupyter jupyter = Jupyter.find(folder, folder.resolve("bin").toString());
    assertThatThrownBy(jupyter::frontEnd).hasMessageContaining("neither JupyterLab nor Notebook");
    assertThatThrownBy(() -> jupyter.run(List.of("lab"))).hasMessageContaining("no Java kernel");
  }

  @Test
  void takesThatOfTheFolderFirstAndLabWhereItIs() throws IOException {
    executable("bin/jupyter", "true");
    executable(".venv/bin/jupyter", "true");
    executable(".venv/bin/jupyter-notebook", "true");
    Jupyter jupyter = Jupyter.find(folder, folder.resolve("bin").toString());
    assertThat(jupyter.executables()).isEqualTo(folder.resolve(".venv/bin"));
    assertThat(jupyter.frontEnd()).isEqualTo("notebook");
    executable(".venv/bin/jupyter-lab", "true");
    assertThat(jupyter.frontEnd()).isEqualTo("lab");
  }

  @Test
  void handsOverTheEnvironmentAndTheExitCode() throws Exception {
    Path seen = folder.resolve("seen");
    executable("bin/jupyter", "env >'" + seen + "'; exit 7");
    Files.createDirectories(folder.resolve("share/jupyter/kernels/java"));
    assertThat(Jupyter.find(folder, folder.resolve("bin").toString()).run(List.of("lab")))
        .isEqualTo(7);
    assertThat(Files.readString(seen)).contains("JJAVA_CLASSPATH=", "jdk.incubator.vector");
  }

  @Test
  void keepsWhatTheUserSetForTheKernel() {
    Map<String, String> environment =
        Jupyter.kernelEnvironment(
            Map.of("JJAVA_JVM_OPTS", "-Xmx1g", "JJAVA_CLASSPATH", "mine.jar"),
            "mobula.jar",
            List.of("-Xmx9g", "-XX:CompileCommand=quiet"));
    assertThat(environment)
        .containsEntry("JJAVA_CLASSPATH", "mobula.jar" + File.pathSeparator + "mine.jar")
        .containsEntry(
            "JJAVA_JVM_OPTS", "--add-modules jdk.incubator.vector -XX:CompileCommand=quiet -Xmx1g");
  }
}
