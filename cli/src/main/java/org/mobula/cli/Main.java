package org.mobula.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.File;
import java.io.OutputStreamWriter;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.Charset;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.mobula.cli.data.DataCommand;
import org.mobula.cli.doctor.DoctorCommand;
import org.mobula.cli.environments.EnvironmentsCommand;
import org.mobula.cli.evaluate.EvaluateCommand;
import org.mobula.cli.export.ExportCommand;
import org.mobula.cli.imports.ImportCommand;
import org.mobula.cli.log.Log;
import org.mobula.cli.log.LogFormat;
import org.mobula.cli.log.LogLevel;
import org.mobula.cli.notebook.NotebookCommand;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.Program;
import org.mobula.cli.output.Terminal;
import org.mobula.cli.parameters.ParameterServerCommand;
import org.mobula.cli.process.MobulaVersion;
import org.mobula.cli.process.VectorModule;
import org.mobula.cli.record.RecordCommand;
import org.mobula.cli.runs.RunsCommand;
import org.mobula.cli.serve.ServeCommand;
import org.mobula.cli.train.TrainCommand;
import org.mobula.cli.tune.TuneCommand;
import org.mobula.core.network.simd.WarmUp;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.RunLast;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command {@code mobula}. Exit codes: 0 done, 1 failed, 2 bad usage or configuration; an error
 * is one to three lines on standard error.
 */
@Command(
    name = "mobula",
    description = "Reinforcement learning on the JVM.",
    scope = ScopeType.INHERIT,
    mixinStandardHelpOptions = true,
    versionProvider = MobulaVersion.class,
    synopsisSubcommandLabel = "COMMAND",
    subcommands = {
      TrainCommand.class,
      EvaluateCommand.class,
      RecordCommand.class,
      DataCommand.class,
      ExportCommand.class,
      ImportCommand.class,
      RunsCommand.class,
      TuneCommand.class,
      ServeCommand.class,
      NotebookCommand.class,
      ParameterServerCommand.class,
      EnvironmentsCommand.class,
      SchemaCommand.class,
      DoctorCommand.class,
      CompletionCommand.class
    })
public final class Main implements Runnable, Program {
  private final Terminal terminal;

  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Option(
      names = "--debug",
      scope = ScopeType.INHERIT,
      description = "Show the stack trace of an error.")
  private boolean debug;

  @Option(
      names = "--class-path",
      scope = ScopeType.INHERIT,
      paramLabel = "PATHS",
      description =
          "Folders and jars with classes of your own, such as environments, separated as in"
              + " java's own option.")
  private String classPath = "";

  @Option(
      names = "--log-level",
      scope = ScopeType.INHERIT,
      paramLabel = "LEVEL",
      defaultValue = "WARN",
      description =
          "What is logged on standard error: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private LogLevel logLevel = LogLevel.WARN;

  @Option(
      names = "--log-format",
      scope = ScopeType.INHERIT,
      paramLabel = "FORMAT",
      defaultValue = "TEXT",
      description = "How it is logged: ${COMPLETION-CANDIDATES} (default: ${DEFAULT-VALUE}).")
  private LogFormat logFormat = LogFormat.TEXT;

  private Main(Terminal terminal) {
    this.terminal = terminal;
  }

  /** Runs the command line and exits with its code. */
  public static void main(String[] arguments) {
    if (arguments.length > 0 && arguments[0].equals(TrainCommand.NAME)) {
      warmUp();
    }
    CommandLine commandLine =
        commandLine(Terminal.of(System.getenv()))
            .setOut(writer(System.out))
            .setErr(writer(System.err));
    int exitCode;
    try {
      exitCode = commandLine.execute(arguments);
    } catch (OutOfMemoryError | StackOverflowError | LinkageError e) { // picocli passes these on
      exitCode = report(e, commandLine);
    }
    commandLine.getOut().flush();
    commandLine.getErr().flush();
    System.exit(exitCode);
  }

  /** The other cores have nothing to do while this one reads classes and configuration. */
  private static void warmUp() {
    if (Runtime.getRuntime().availableProcessors() > 1 && VectorModule.load().isEmpty()) {
      Thread thread = new Thread(WarmUp::run, "warm-up");
      thread.setDaemon(true);
      thread.start();
    }
  }

  /** Elsewhere than on Windows, what is not UTF-8 is a locale that nobody set. */
  private static PrintWriter writer(PrintStream stream) {
    boolean windows = System.getProperty("os.name").startsWith("Windows");
    return new PrintWriter(
        new OutputStreamWriter(stream, windows ? Charset.defaultCharset() : UTF_8), true);
  }

  static CommandLine commandLine(Terminal terminal) {
    Main main = new Main(terminal);
    return new CommandLine(main)
        .setParameterExceptionHandler(main::explain)
        .setExecutionExceptionHandler((error, command, parsed) -> report(error, command))
        .setExecutionStrategy(main::execute)
        .setCaseInsensitiveEnumValuesAllowed(true)
        .setColorScheme(Help.defaultColorScheme(terminal.out() ? Help.Ansi.ON : Help.Ansi.OFF))
        .setUsageHelpAutoWidth(true);
  }

  /** What the launcher knows; what is typed next needs the same classes. */
  @Override
  public Terminal terminal() {
    return classPath.isEmpty()
        ? terminal
        : terminal.with("--class-path " + Terminal.word(classPath));
  }

  @Override
  public void run() {
    throw new ParameterException(spec.commandLine(), "a command is missing");
  }

  private int execute(ParseResult parsed) {
    if (parsed.asCommandLineList().stream()
        .noneMatch(c -> c.isUsageHelpRequested() || c.isVersionHelpRequested())) {
      Log.current().configure(logLevel, logFormat, spec.commandLine().getErr());
    }
    if (!classPath.isEmpty()) {
      Thread.currentThread().setContextClassLoader(classes(classPath.split(File.pathSeparator)));
    }
    return new RunLast().execute(parsed);
  }

  private ClassLoader classes(String... paths) {
    URL[] urls = new URL[paths.length];
    for (int i = 0; i < paths.length; i++) {
      Path path = Path.of(paths[i]);
      if (!Files.exists(path)) {
        throw new ParameterException(
            spec.commandLine(), "--class-path: " + path + " does not exist");
      }
      try {
        urls[i] = path.toUri().toURL();
      } catch (MalformedURLException e) {
        throw new ParameterException(spec.commandLine(), "--class-path: " + e.getMessage(), e);
      }
    }
    // Open as long as the process: threads load classes from it until the end.
    return new URLClassLoader(urls, Main.class.getClassLoader());
  }

  private int explain(ParameterException error, String[] arguments) {
    CommandLine command = error.getCommandLine();
    PrintWriter err = command.getErr();
    err.println("mobula: " + error.getMessage());
    UnmatchedArgumentException.printSuggestions(error, err);
    List<String> names = List.of(command.getCommandSpec().qualifiedName().split(" ", 2));
    err.println("Try: " + terminal.command() + rest(names) + " --help");
    return ExitCode.USAGE;
  }

  private static String rest(List<String> names) {
    return names.size() > 1 ? " " + names.get(1) : "";
  }

  private static int report(Throwable error, CommandLine command) {
    Main main = (Main) command.getCommandSpec().root().userObject();
    ErrorReport report = ErrorReport.of(error);
    if (main.debug) {
      error.printStackTrace(command.getErr());
    } else {
      for (String line : report.lines()) {
        command.getErr().println(line.replace(CommandFailure.MOBULA, main.terminal().command()));
      }
    }
    return report.exitCode();
  }
}
