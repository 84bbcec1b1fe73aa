package org.mobula.serve;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Locale;
import org.mobula.core.policy.PolicyFile;
import org.mobula.serve.model.PolicyModel;

/** Run directories as training leaves them, in what serving needs. */
final class Runs {
  private Runs() {}

  /** Adds a checkpoint, whole at once. */
  static Path checkpoint(Path run, long step, PolicyModel policy) throws IOException {
    Path directory =
        run.resolve("checkpoints").resolve(String.format(Locale.ROOT, "step-%012d", step));
    Path written = directory.resolveSibling("." + directory.getFileName() + ".part");
    Files.createDirectories(written);
    PolicyFile.write(written.resolve("policy.safetensors"), policy.spec(), policy.snapshot());
    Files.move(written, directory, StandardCopyOption.ATOMIC_MOVE);
    return directory;
  }

  /** Says which checkpoint is the best. */
  static void best(Path checkpoint) throws IOException {
    Files.writeString(checkpoint.resolveSibling("best"), checkpoint.getFileName() + "\n");
  }
}
