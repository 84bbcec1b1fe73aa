package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.AutoresetMode;
import org.mobula.core.environment.CorridorPool;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.EnvironmentWrapper;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.SyncVectorEnvironment;
import org.mobula.core.environment.TimeLimit;
import org.mobula.core.environment.VectorEnvironmentFactory;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue.VectorMaker;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.policy.Policy;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

/** Environments that come in batches are collected from and evaluated in as those that do not. */
class VectorFactoryTest {
  private static TrainingConfig config(String environment, int count) {
    PpoConfig ppo = PpoConfig.defaults().withSteps(32).withMinibatchSize(64).withEpochs(4);
    return TrainingConfig.defaults(EnvironmentConfig.defaults(environment).withCount(count), ppo)
        .withSeed(3)
        .withStop(StopConfig.defaults().withEnvironmentSteps(2048))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(70));
  }

  private static float[] parameters(TrainingResult result) {
    try (Policy policy = result.policy()) {
      return policy.snapshot().parameters().values();
    }
  }

  @Test
  void batchesGiveTheBitsOfSingleEnvironments() {
    EnvironmentFactory single = () -> new TimeLimit(new CartPole(), 100);
    List<Integer> counts = new ArrayList<>();
    VectorEnvironmentFactory batches =
        count -> {
          counts.add(count);
          return new SyncVectorEnvironment(single, count, AutoresetMode.SAME_STEP);
        };
    TrainingConfig config = config("given in Java", 4);
    TrainingResult expected = Trainer.builder(config).environment(single).build().train();
    TrainingResult actual = Trainer.builder(config).environment(batches).build().train();

    assertThat(parameters(actual)).isEqualTo(parameters(expected));
    assertThat(actual.evaluation().orElseThrow()).isEqualTo(expected.evaluation().orElseThrow());
    assertThat(counts.stream().filter(count -> count > 1)).containsExactly(4, 64);
  }

  /** One call steps all of them, in training and in evaluations; its masks are obeyed. */
  @Test
  void aPoolTakesOneCallAStep() {
    AtomicInteger calls = new AtomicInteger();
    TrainingConfig config =
        config("given in Java", 8)
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(20).withMaxEpisodeSteps(12));
    VectorEnvironmentFactory pools = count -> new CorridorPool(count, calls);
    TrainingResult result = Trainer.builder(config).environment(pools).build().train();

    EvaluationResult judged = result.evaluation().orElseThrow();
    assertThat(judged.meanReturn()).isGreaterThan(0.4); // straight ahead
    int longest = judged.lengths().stream().mapToInt(Integer::intValue).max().orElseThrow();
    assertThat(calls).hasValue(2048 / 8 + longest);
    try (Policy policy = result.policy()) {
      assertThat(policy.spec().masksActions()).isTrue();
    }
  }

  @Test
  void evaluationsOfBatchesCutOffAndCountOnlyTheirEpisodes() {
    TrainingConfig config =
        config("given in Java", 4)
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(66).withMaxEpisodeSteps(3));
    EvaluationResult judged =
        Trainer.builder(config)
            .environment(new CorridorPool.Factory())
            .build()
            .train()
            .evaluation()
            .orElseThrow();
    assertThat(judged.lengths()).hasSize(66).containsOnly(3);
    assertThat(judged.cutOff()).isEqualTo(66);
  }

  @Test
  void aResumedRunContinuesInABatchBitForBit(@TempDir Path directory) throws Exception {
    TrainingConfig whole =
        config("given in Java", 4)
            .withAlgorithm(DqnConfig.defaults())
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    TrainingConfig half = whole.withStop(whole.stop().withEnvironmentSteps(1000));
    Trainer.builder(half)
        .environment(new CorridorPool.Factory())
        .directory(directory)
        .build()
        .train();
    Trainer.Builder resumed = Trainer.builder(whole).resume(Checkpoint.read(directory));
    assertThat(parameters(resumed.environment(new CorridorPool.Factory()).build().train()))
        .isEqualTo(
            parameters(
                Trainer.builder(whole).environment(new CorridorPool.Factory()).build().train()));
  }

  @Test
  void aClassThatMakesBatchesIsNamedInTheConfiguration() {
    TrainingConfig config = config(CorridorPool.Factory.class.getName(), 4);
    assertThat(parameters(Trainer.builder(config).build().train()))
        .isEqualTo(
            parameters(
                Trainer.builder(config).environment(new CorridorPool.Factory()).build().train()));
  }

  @Test
  void aCatalogueKnowsBatches() {
    VectorMaker maker =
        (options, count) -> {
          assertThat(options.integer("rooms")).isEqualTo(7);
          return new CorridorPool(count, new AtomicInteger());
        };
    EnvironmentCatalogue catalogue =
        EnvironmentCatalogue.standard()
            .with(
                new EnvironmentCatalogue.Entry(
                    "Corridor-v0", "A way out.", 0, Map.of("rooms", 5L), maker));
    assertThat(catalogue.factory("Corridor-v0", Map.of("rooms", 7)))
        .isInstanceOfSatisfying(
            VectorEnvironmentFactory.class,
            batches -> assertThat(batches.create(6).count()).isEqualTo(6))
        .satisfies(
            factory -> {
              try (Environment one = factory.create()) {
                assertThat(one.actionSpace().size()).isEqualTo(1);
              }
            });
    assertThatThrownBy(() -> catalogue.factory("Corridor-v0", Map.of("max-episode-steps", 9)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "Corridor-v0: max-episode-steps is 9, but a batch truncates its episodes itself; leave"
                + " the option out");
    assertThatThrownBy(
            () -> new EnvironmentCatalogue.Entry("Corridor-v0", "Out.", 9, Map.of(), maker))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "Corridor-v0: maxEpisodeSteps is 9 but must be 0: a batch truncates its episodes"
                + " itself");
  }

  @Test
  void mistakesAreExplained() {
    TrainingConfig config = config("given in Java", 4);
    VectorEnvironmentFactory tooSmall = count -> new CorridorPool(1, new AtomicInteger());
    assertThatThrownBy(() -> Trainer.builder(config).environment(tooSmall).build().train())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "a batch of environments (CorridorPool) has 1 environments but must have 4, as asked"
                + " for");
    VectorEnvironmentFactory late =
        count -> new SyncVectorEnvironment(CartPole::new, count, AutoresetMode.NEXT_STEP);
    assertThatThrownBy(() -> Trainer.builder(config).environment(late).build().train())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "a batch of environments (SyncVectorEnvironment) resets in the mode NEXT_STEP but must"
                + " in SAME_STEP: an episode that is over is followed by the next within the step");
    TrainingConfig threads = config.withEnvironment(config.environment().withThreads(2));
    assertThatThrownBy(
            () -> Trainer.builder(threads).environment(new CorridorPool.Factory()).build().train())
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "environment.threads is 2, but these environments come in batches that step themselves:"
                + " leave it at 1");
  }

  @Test
  void aBatchThatFailsInAnEvaluationIsNamed() {
    VectorEnvironmentFactory training =
        count -> new SyncVectorEnvironment(CartPole::new, count, AutoresetMode.SAME_STEP);
    VectorEnvironmentFactory failing =
        count -> new SyncVectorEnvironment(Brittle::new, count, AutoresetMode.SAME_STEP);
    assertThatThrownBy(
            () ->
                Trainer.builder(config("given in Java", 4))
                    .environment(training)
                    .evaluationEnvironment(failing)
                    .build()
                    .train())
        .isInstanceOf(TrainingException.class)
        .hasMessageMatching(
            "(?s).*an evaluation's episodes 0 to 63 failed: environment 0 \\(CartPole\\) failed in"
                + " step 2 of episode 1 after seed \\d+: java.lang.IllegalStateException: snap.*");
  }

  private static final class Brittle extends EnvironmentWrapper {
    private int steps;

    Brittle() {
      super(new CartPole());
    }

    @Override
    public void step(float[] action, Step step) {
      super.step(action, step);
      if (++steps == 2) {
        throw new IllegalStateException("snap");
      }
    }
  }
}
