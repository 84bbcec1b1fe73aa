package org.mobula.cli;

import java.io.PrintWriter;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command {@code mobula}. Exit codes: 0 done, 1 failed, 2 bad usage; an error is one to three
 * lines on standard error.
 */
@Command(
    name = "mobula",
    description = "Reinforcement learning on the JVM.",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = MobulaVersion.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {DoctorCommand.class, CompletionCommand.class})
public final class Main implements Runnable {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of an error.")
  private boolean debug;

  private Main() {}

  /** Runs the command line and exits with its code. */
  public static void main(String[] arguments) {
    System.exit(commandLine().execute(arguments));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main())
        .setParameterExceptionHandler(Main::explain)
        .setExecutionExceptionHandler(Main::report)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setUsageHelpAutoWidth(true);
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private static int explain(ParameterException error, String[] arguments) {
    CommandLine command = error.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("mobula: " + error.getMessage());
    UnmatchedArgumentException.printSuggestions(error, err);
    err.println("Try: " + command.getCommandSpec().qualifiedName() + " --help");
    return ExitCode.USAGE;
  }

  private static int report(Exception error, CommandLine command, ParseResult parsed) {
    Main main = command.getCommandSpec().root().commandLine().getCommand();
    if (main.debug) {
      error.printStackTrace(command.getErr());
    } else {
      String message = error.getMessage();
      command.getErr().println("mobula: " + (message == null ? error.toString() : message));
      command.getErr().println("Add --debug for the stack trace.");
    }
    return ExitCode.SOFTWARE;
  }
}
