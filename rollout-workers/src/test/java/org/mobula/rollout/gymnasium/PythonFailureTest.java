package org.mobula.rollout.gymnasium;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.EnvironmentException;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.StepInProgress;
import org.mobula.core.environment.VectorEnvironment;
import org.mobula.core.environment.VectorStep;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.core.training.config.WorkersConfig;
import org.mobula.rollout.RolloutWorkers;
import org.mobula.rollout.WorkerFailure;

/** What goes wrong in Python, to the process, and to this JVM. */
class PythonFailureTest {
  @TempDir Path folder;

  @AfterEach
  void nothingIsLeft() throws Exception {
    assertThat(FakeGymnasium.files()).isEmpty();
    assertThat(FakeGymnasium.processes()).isEmpty();
  }

  private static EnvironmentConfig troubled(String trouble, Object... options) {
    Map<String, Object> all = new LinkedHashMap<>(Map.of("trouble", trouble));
    for (int i = 0; i < options.length; i += 2) {
      all.put((String) options[i], options[i + 1]);
    }
    return FakeGymnasium.config("Troubled-v0", all);
  }

  /** Steps until something is thrown. */
  private static EnvironmentException failure(VectorEnvironment batch) {
    VectorStep step = new VectorStep(batch.count(), batch.observationSpace());
    return catchThrowableOfType(
        EnvironmentException.class,
        () -> {
          batch.reset(Reset.seeded(40), step.observations);
          for (int t = 0; t < 10; t++) {
            batch.step(new float[batch.count()], step);
          }
        });
  }

  @Test
  void whatPythonThrowsComesWhole() {
    try (VectorEnvironment batch = PythonEnvironments.of(troubled("raise", "only", 41)).create(3)) {
      EnvironmentException thrown = failure(batch);
      assertThat(thrown.index()).isEqualTo(1);
      assertThat(thrown.seed()).hasValue(41);
      assertThat(thrown.step()).isEqualTo(3);
      assertThat(thrown)
          .hasMessageStartingWith(
              "environment 1 (Troubled-v0) failed in step 3 of episode 1 after seed 41: ValueError:"
                  + " lost the way at ")
          .hasMessageContaining("Traceback (most recent call last):\n")
          .hasMessageContaining("gymnasium/__init__.py\", line ")
          .hasMessageContaining("self._fail()")
          .hasMessageNotContaining("mobula-bridge");
      assertThat(thrown.getCause())
          .isInstanceOfSatisfying(
              PythonException.class, cause -> assertThat(cause.type()).contains("ValueError"));

      // The others have taken their step; this one begins anew, with the seed that fails no more.
      VectorStep step = new VectorStep(3, batch.observationSpace());
      batch.reset(Reset.seeded(50), new boolean[] {false, true, false}, step.observations);
      batch.step(new float[3], step);
      assertThat(batch.blame(0, false, new IllegalStateException("x")).step()).isEqualTo(4);
      assertThat(batch.blame(1, false, new IllegalStateException("x")).step()).isEqualTo(1);
    }
  }

  @Test
  void aFolderOfModulesThatIsNotThereIsSaid() {
    PythonEnvironments environments =
        PythonEnvironments.of(troubled("raise").withPythonPath(List.of("none/such")));
    assertThatThrownBy(() -> environments.create(1))
        .isInstanceOf(PythonException.class)
        .hasMessageContaining(
            "environment.python-path names none/such, but there is no "
                + Path.of("none/such").toAbsolutePath());
  }

  @Test
  void aStepWithoutAnEpisodeAndAFailedResetAreSaid() {
    try (VectorEnvironment batch = PythonEnvironments.of(troubled("reset")).create(1)) {
      VectorStep step = new VectorStep(1, batch.observationSpace());
      assertThatExceptionOfType(EnvironmentException.class)
          .isThrownBy(() -> batch.step(new float[1], step))
          .withMessageContaining("no episode is running: reset before the next step");
      assertThatExceptionOfType(EnvironmentException.class)
          .isThrownBy(() -> batch.reset(Reset.seeded(3), step.observations))
          .withMessageStartingWith(
              "environment 0 (Troubled-v0) failed in the reset of episode 1 after seed 3: KeyError:"
                  + " 'no level'");
    }
  }

  @Test
  void anObservationOfAnotherShapeIsRefused() {
    try (VectorEnvironment batch = FakeGymnasium.of("Shapeless-v0", Map.of()).create(1)) {
      assertThat(failure(batch)).hasMessageContaining("where its space has ");
    }
  }

  @Test
  void aProcessThatEndsIsReportedWithItsLastWords() {
    try (VectorEnvironment batch = PythonEnvironments.of(troubled("exit")).create(2)) {
      assertThat(failure(batch))
          .hasMessageStartingWith(
              "environment 0 (Troubled-v0) failed in step 3 of episode 1 after seed 40: its Python"
                  + " process ")
          .hasMessageEndingWith(" ended with exit code 3. Its last words:\nleaving");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"hang", "hold"})
  void aStepThatNeverReturnsIsEndedAndSaysWhereItIs(String trouble) {
    EnvironmentConfig config = troubled(trouble, "only", 41).withStepTimeout(Duration.ofSeconds(4));
    try (VectorEnvironment batch = PythonEnvironments.of(config).create(2)) {
      assertThat(failure(batch))
          .hasMessageStartingWith(
              "environment 1 (Troubled-v0) failed in step 3 of episode 1 after seed 41: its Python"
                  + " process ")
          .hasMessageContaining(
              " has not answered for 4.0 s, and environment.step-timeout allows no more; it was"
                  + " ended. Its last words:\n")
          .hasMessageContaining("in _fail");
    }
  }

  @Test
  void aStepUnderWayIsNamedAndEndsWithTheBatch() throws Exception {
    VectorEnvironment batch = PythonEnvironments.of(troubled("hang", "only", 41)).create(2);
    List<EnvironmentException> thrown = new ArrayList<>();
    Thread stepping = new Thread(() -> thrown.add(failure(batch)));
    stepping.start();
    StepInProgress expected = new StepInProgress(1, "Troubled-v0", 41L, 1, 3);
    while (!batch.inProgress().equals(List.of(expected))) {
      Thread.onSpinWait();
    }
    batch.close();
    stepping.join();
    assertThat(thrown).hasSize(1);
    assertThat(batch.inProgress()).isEmpty();
  }

  @Test
  void anInterruptedStepIsGivenUp() throws Exception {
    VectorEnvironment batch = PythonEnvironments.of(troubled("hang")).create(1);
    List<EnvironmentException> thrown = new ArrayList<>();
    Thread stepping = new Thread(() -> thrown.add(failure(batch)));
    stepping.start();
    StepInProgress expected = new StepInProgress(0, "Troubled-v0", 40L, 1, 3);
    while (!batch.inProgress().equals(List.of(expected))) {
      Thread.onSpinWait();
    }
    stepping.interrupt();
    stepping.join();
    assertThat(thrown.get(0)).hasMessageEndingWith(" was interrupted");
    batch.close();
  }

  private TrainingConfig training(EnvironmentConfig environment) {
    PpoConfig ppo = PpoConfig.defaults().withSteps(16).withMinibatchSize(32).withEpochs(1);
    return TrainingConfig.defaults(environment.withCount(4), ppo)
        .withStop(StopConfig.defaults().withEnvironmentSteps(256))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(0))
        .withWorkers(WorkersConfig.defaults().withCount(2).withCpus(0.5).withMaxRestarts(1));
  }

  @Test
  void aKilledProcessIsReplacedWithinTheWorkersLimits() {
    TrainingConfig config = training(troubled("kill", "flag", folder.resolve("flag").toString()));
    List<WorkerFailure> failures = new ArrayList<>();
    try (TaskRuntime runtime = LocalTaskRuntime.builder().cpus(1).build()) {
      Trainer.builder(config)
          .environment(PythonEnvironments.of(config.environment()))
          .experience(RolloutWorkers.on(runtime, failures::add))
          .build()
          .train();
    }
    assertThat(failures).hasSizeBetween(1, 2); // both workers may see that there is no flag yet
    assertThat(failures.get(0).isRestarted()).isTrue();
    assertThat(failures.get(0).message())
        .contains("(Troubled-v0) failed in step 3 of episode 1 after seed ")
        .endsWith(" was ended by signal 9");
  }

  /** A program that has a step under way, and reports its Python's process. */
  static final class Stepping {
    private Stepping() {}

    public static void main(String[] arguments) throws Exception {
      EnvironmentConfig config =
          EnvironmentConfig.defaults("gymnasium:Troubled-v0")
              .withOptions(Map.of("trouble", arguments[0]))
              .withPythonPath(List.of(arguments[1]));
      AtomicReference<VectorEnvironment> batch = new AtomicReference<>();
      new Thread(
              () -> {
                VectorEnvironment made = PythonEnvironments.of(config).create(1);
                batch.set(made);
                failure(made);
              })
          .start();
      while (!isUnderWay(batch.get(), arguments[0].equals("start"))) {
        Thread.onSpinWait();
      }
      System.out.println(FakeGymnasium.processes().get(0).pid());
      System.out.flush();
      Thread.currentThread().join();
    }

    private static boolean isUnderWay(@Nullable VectorEnvironment batch, boolean start) {
      return start
          ? !FakeGymnasium.processes().isEmpty()
          : batch != null && batch.inProgress().stream().anyMatch(step -> step.step() == 3);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"start", "hang", "hold"})
  void nothingIsLeftWhenTheProgramIsKilled(String trouble) throws Exception {
    FakeGymnasium.requirePython();
    Process program =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                Stepping.class.getName(),
                trouble,
                FakeGymnasium.path())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader out =
        new BufferedReader(
            new InputStreamReader(program.getInputStream(), StandardCharsets.UTF_8))) {
      ProcessHandle python = ProcessHandle.of(Long.parseLong(out.readLine())).orElseThrow();
      program.destroyForcibly().waitFor();
      python.onExit().get(1, TimeUnit.MINUTES);
      assertThat(FakeGymnasium.files(program.pid())).isEmpty();
    } finally {
      program.destroyForcibly();
    }
  }
}
