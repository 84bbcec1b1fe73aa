package org.mobula.rollout.gymnasium;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PythonPackagesTest {
  @TempDir Path folder;

  @Test
  void asksThePythonOfThePath() {
    FakeGymnasium.requirePython();
    PythonPackages found = PythonPackages.of(null);
    assertThat(found.error()).isNull();
    assertThat(found.command()).isEqualTo("python3");
    assertThat(found.version()).startsWith("3.");
    assertThat(Path.of(String.valueOf(found.executable()))).exists();
  }

  @Test
  void aFolderIsAVirtualEnvironment() throws Exception {
    Path python = Files.createDirectories(folder.resolve("bin")).resolve("python");
    Files.writeString(
        python,
        """
        #!/bin/sh
        printf '3.13.1\\n%s\\nTrue\\ngymnasium 1.4.0\\npygame 2.6\\n' "$0"
        """);
    assertThat(python.toFile().setExecutable(true)).isTrue();
    PythonPackages found = PythonPackages.of(folder.toString());
    assertThat(found.executable()).isEqualTo(python.toString());
    assertThat(found.virtual()).isTrue();
    assertThat(found.canStep()).isTrue();
    assertThat(found.versions()).containsEntry("gymnasium", "1.4.0").containsKey("pygame-ce");
    assertThat(found.missing())
        .containsExactly("box2d", "mujoco", "ale-py", "opencv-python-headless", "envpool");
    assertThat(found.remedy())
        .contains(
            python
                + " -m pip install 'gymnasium[box2d]' 'gymnasium[mujoco]' 'gymnasium[atari]'"
                + " 'opencv-python-headless' 'envpool'");
  }

  @Test
  void saysWhyThereIsNone() {
    PythonPackages none = PythonPackages.of("/no/python");
    assertThat(none.error()).contains("No such file");
    assertThat(none.canStep()).isFalse();
  }
}
