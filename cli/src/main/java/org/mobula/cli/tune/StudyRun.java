package org.mobula.cli.tune;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.composition.ConfigFiles;
import org.mobula.cli.directories.Studies;
import org.mobula.cli.options.TraceOption.Timeline;
import org.mobula.cli.output.CommandFailure;
import org.mobula.cli.output.ErrorReport;
import org.mobula.cli.output.Terminal;
import org.mobula.cli.process.StopSignals;
import org.mobula.core.config.ConfigWriter;
import org.mobula.core.config.JsonSchema;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.tune.Study;
import org.mobula.tune.StudyException;
import org.mobula.tune.StudyResult;
import org.mobula.tune.StudyStop;
import org.mobula.tune.TuneConfig;
import org.mobula.tune.report.StudyReport;
import org.mobula.tune.scheduler.NoScheduler;
import org.mobula.tune.scheduler.PbtReplay;
import org.mobula.tune.scheduler.Scheduler;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/** A study that can begin or be resumed: all that could be wrong with it has been looked at. */
final class StudyRun {
  private final Path directory;
  private final SearchFile file;

  private StudyRun(Path directory, SearchFile file) {
    this.directory = directory;
    this.file = file;
  }

  /** A new study, which keeps its own copies of the two files. */
  static StudyRun begin(Path search, List<String> overrides, Studies studies, @Nullable String name)
      throws IOException {
    SearchFile file = SearchFile.read(search, overrides);
    Path directory = studies.create(search, name);
    Files.writeString(
        directory.resolve(Studies.BASE),
        ConfigWriter.write(file.base(), ConfigFiles.alternatives()));
    Files.writeString(
        directory.resolve(Studies.SEARCH),
        ConfigWriter.write(file.config().withBase(Studies.BASE), TuneConfig.alternatives()));
    return new StudyRun(directory, file);
  }

  /** A new study of one chain of trials, with the schedule of parameters that led to a trial. */
  static StudyRun replay(KeptStudy kept, TrialRecord trial, Studies studies, @Nullable String name)
      throws IOException {
    Path search = kept.directory().resolve(Studies.SEARCH);
    SearchFile old = SearchFile.read(search, List.of());
    TuneConfig config =
        old.config()
            .withScheduler(new NoScheduler())
            .withFirst(List.of())
            .withParallel(1)
            .withStop(StudyStop.defaults().withTrials(1));
    Path directory = studies.create(Path.of("replay"), name);
    Files.copy(kept.directory().resolve(Studies.BASE), directory.resolve(Studies.BASE));
    Files.writeString(
        directory.resolve(Studies.SEARCH), ConfigWriter.write(config, TuneConfig.alternatives()));
    PbtReplay.of(kept.record(), trial).write(directory.resolve(Studies.SCHEDULE));
    return goOn(directory, List.of());
  }

  private Scheduler scheduler() throws IOException {
    Path schedule = directory.resolve(Studies.SCHEDULE);
    return Files.exists(schedule) ? PbtReplay.read(schedule) : file.config().scheduler();
  }

  /** An old study. */
  static StudyRun goOn(Path directory, List<String> overrides) {
    return new StudyRun(directory, SearchFile.read(directory.resolve(Studies.SEARCH), overrides));
  }

  /** What a search file may say, for editors. */
  static String schema() {
    return JsonSchema.of(TuneConfig.class, TuneConfig.alternatives());
  }

  /** Runs it to its end; the exit code is 128 and the signal's number if a signal came first. */
  int run(PrintWriter out, PrintWriter err, Terminal terminal, boolean json, Timeline timeline)
      throws IOException {
    StudyResult result;
    int exitCode;
    try (StudyDisplay display = StudyDisplay.of(out, err, terminal, json, file.config())) {
      display.begin(directory);
      Study.Builder builder =
          file.config()
              .study()
              .scheduler(scheduler())
              .name(directory.getFileName().toString())
              .directory(directory)
              .listener(display)
              .nestedResources(file.nested());
      try (TaskRuntime runtime = builder.localRuntime()) {
        timeline.of(runtime);
        Study study = builder.runtime(runtime).build();
        try (StopSignals signals =
            StopSignals.listen(
                signal -> {
                  study.stop(signal);
                  display.stopping(signal);
                })) {
          result = study.optimizeMany(file.objective(runtime)::evaluateAll);
          exitCode = result.interrupted() ? signals.exitCode() : 0;
        }
      } catch (StudyException e) {
        throw CommandFailure.failed(
            directory + " failed: " + ErrorReport.message(e),
            "What is finished is kept: {mobula} tune status " + directory,
            e);
      } catch (IllegalArgumentException e) {
        throw CommandFailure.usage(
            ErrorReport.message(e),
            "{mobula} tune --resume %s without --set resumes it; {mobula} tune SEARCH --name NAME begins another."
                .formatted(Terminal.word(directory)));
      }
      StudyReport.write(result.study(), directory.resolve(Studies.REPORT));
      display.end(directory, result);
      if (!result.interrupted()) {
        refuseFailure(result.study());
      }
    }
    return exitCode;
  }

  /** A study of which nothing came but failures has failed itself. */
  private void refuseFailure(StudyRecord study) {
    List<TrialRecord> ended =
        study.trials().stream().filter(trial -> trial.state().isFinished()).toList();
    Map.Entry<String, Integer> commonest = study.commonestFailure().orElse(null);
    if (commonest == null || ended.stream().anyMatch(trial -> trial.state() != TrialState.FAIL)) {
      return;
    }
    throw CommandFailure.failed(
        "all %s trials of %s failed, %s of them because %s"
            .formatted(ended.size(), directory, commonest.getValue(), commonest.getKey()),
        "Mend %s or %s there; {mobula} tune --resume %s --set stop.trials=%s then tries as many again."
            .formatted(
                Studies.BASE,
                Studies.SEARCH,
                Terminal.word(directory),
                Math.max(file.config().stop().trials(), ended.size()) + ended.size()),
        null);
  }
}
