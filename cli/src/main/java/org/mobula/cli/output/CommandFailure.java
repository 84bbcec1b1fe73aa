package org.mobula.cli.output;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ExitCode;

/**
 * Something that a user can mend: what is wrong in one line, what to do about it in another. In
 * both {@link #MOBULA} stands for what the user types to start Mobula.
 */
public final class CommandFailure extends RuntimeException {
  public static final String MOBULA = "{mobula}";

  private static final long serialVersionUID = 1;

  private final String remedy;
  private final int exitCode;

  private CommandFailure(String problem, String remedy, int exitCode, @Nullable Throwable cause) {
    super(problem, cause);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }

  /** The command cannot be done as it was given. */
  public static CommandFailure usage(String problem, String remedy) {
    return new CommandFailure("mobula: " + problem, remedy, ExitCode.USAGE, null);
  }

  /**
   * A setting is wrong in a way that only the rest of the program can see.
   *
   * @param place such as {@code ppo.yaml:7:5}
   */
  public static CommandFailure setting(String place, String problem, String remedy) {
    return new CommandFailure(place + ": " + problem, remedy, ExitCode.USAGE, null);
  }

  /** The command was right but did not succeed, for no error's sake. */
  public static CommandFailure failed(String problem, String remedy) {
    return new CommandFailure("mobula: " + problem, remedy, ExitCode.SOFTWARE, null);
  }

  /** The command was right but did not succeed. */
  public static CommandFailure failed(String problem, String remedy, @Nullable Throwable cause) {
    return new CommandFailure("mobula: " + problem, remedy, ExitCode.SOFTWARE, cause);
  }

  public String remedy() {
    return remedy;
  }

  public int exitCode() {
    return exitCode;
  }
}
