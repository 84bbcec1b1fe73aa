package org.mobula.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Training files for runs of a moment. */
public final class TrainingFiles {
  /** 256 steps of CartPole in four iterations. */
  public static final String TINY =
      """
      environment:
        name: CartPole-v1
      network:
        hidden: [8]
      algorithm:
        ppo:
          steps: 64
          epochs: 2
      stop:
        environment-steps: 256
      evaluation:
        episodes: 5
      """;

  private TrainingFiles() {}

  public static String tiny(Path folder) throws IOException {
    return file(folder, "tiny.yaml", TINY);
  }

  public static String file(Path folder, String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text, UTF_8).toString();
  }
}
