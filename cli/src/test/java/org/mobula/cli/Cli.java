package org.mobula.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.mobula.cli.output.Terminal;
import picocli.CommandLine;

/** The command line inside the test's JVM, with its streams caught. */
public final class Cli {
  private Cli() {}

  /** What a command left behind. */
  public record Outcome(int exitCode, String out, String err) {}

  public static Outcome run(String... arguments) {
    return run(Terminal.NONE, arguments);
  }

  public static Outcome run(Terminal terminal, String... arguments) {
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    CommandLine commandLine =
        Main.commandLine(terminal)
            .setOut(new PrintWriter(out, true))
            .setErr(new PrintWriter(err, true));
    int exitCode = commandLine.execute(arguments);
    return new Outcome(exitCode, out.toString(), err.toString());
  }
}
