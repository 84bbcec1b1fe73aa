package org.mobula.rollout.gymnasium;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** Which Python is meant. */
final class PythonInterpreter {
  private PythonInterpreter() {}

  /**
   * The command that starts it.
   *
   * @param python an interpreter, or the folder of a virtual environment; null for the path's
   */
  static String command(@Nullable String python) {
    if (python == null) {
      return "python3";
    }
    Path inFolder = Path.of(python, "bin", "python");
    return Files.isExecutable(inFolder) ? inFolder.toString() : python;
  }
}
