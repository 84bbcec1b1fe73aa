package org.mobula.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import picocli.CommandLine;

/** The command line inside the test's JVM, with its streams caught. */
final class Cli {
  private Cli() {}

  /** What a command left behind. */
  record Outcome(int exitCode, String out, String err) {}

  static Outcome run(String... arguments) {
    return run(Terminal.NONE, arguments);
  }

  static Outcome run(Terminal terminal, String... arguments) {
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
