package org.mobula.cli.tune;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.directories.Studies;
import org.mobula.cli.options.JsonEventsOption;
import org.mobula.cli.options.SettingsOption;
import org.mobula.cli.options.TraceOption;
import org.mobula.cli.options.TraceOption.Timeline;
import org.mobula.cli.output.Program;
import org.mobula.cli.process.VectorModule;
import picocli.CommandLine.Command;
import picocli.CommandLine.ExitCode;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** The command {@code tune}. */
@Command(
    name = "tune",
    description = {
      "Search the best values for keys of a training file, as a search file says.",
      "Ctrl-C ends it; --resume resumes it. Several processes may --resume one study together."
    },
    subcommands = {
      TuneStatusCommand.class,
      TuneBestCommand.class,
      TuneReportCommand.class,
      TuneReplayCommand.class,
      TuneExportCommand.class
    })
public final class TuneCommand implements Callable<Integer> {
  @Spec
  @SuppressWarnings("NullAway.Init") // set by picocli
  private CommandSpec spec;

  @Parameters(
      arity = "0..1",
      paramLabel = "SEARCH",
      description = "A search file; --schema describes it.")
  private @Nullable Path search;

  @Option(
      names = "--resume",
      paramLabel = "STUDY",
      description =
          "Resume this study, or help those that run it. --set then takes only keys that leave the"
              + " space as it is.")
  private @Nullable String resume;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private SettingsOption settings;

  @Option(
      names = "--name",
      paramLabel = "NAME",
      description = "Name of the study; otherwise the file's name and a number.")
  private @Nullable String name;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "Seed of all random numbers, instead of the file's.")
  private @Nullable Long seed;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private StudiesOption studiesOption;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private TraceOption trace;

  @Mixin
  @SuppressWarnings("NullAway.Init") // set by picocli
  private JsonEventsOption json;

  @Option(names = "--schema", description = "Print the JSON Schema of the search file and end.")
  private boolean schema;

  @Override
  public Integer call() throws IOException {
    if (schema) {
      spec.commandLine().getOut().println(StudyRun.schema());
      return ExitCode.OK;
    }
    PrintWriter err = spec.commandLine().getErr();
    VectorModule.loadOrNote(err); // before the first network
    try (Timeline timeline = trace.open()) {
      return run()
          .run(
              spec.commandLine().getOut(),
              err,
              Program.of(spec).terminal(),
              json.isGiven(),
              timeline);
    }
  }

  private StudyRun run() throws IOException {
    List<String> overrides = settings.withSeed(seed);
    Studies studies = studiesOption.studies();
    if (resume != null) {
      if (search != null || name != null || seed != null) {
        throw new ParameterException(
            spec.commandLine(),
            "a resumed study keeps its search file, name and random numbers: leave out "
                + (search != null ? search : name != null ? "--name" : "--seed"));
      }
      return StudyRun.goOn(studies.find(resume), overrides);
    } else if (search == null) {
      throw new ParameterException(
          spec.commandLine(),
          "give a SEARCH file to begin a study, or --resume STUDY to resume one");
    }
    return StudyRun.begin(search, overrides, studies, name);
  }
}
