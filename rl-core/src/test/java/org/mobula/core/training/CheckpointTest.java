package org.mobula.core.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.dqn.DqnConfig;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.LocalParameterStore;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.policy.Policy;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;

class CheckpointTest {
  @TempDir Path directory;

  private static TrainingConfig config(long steps) {
    PpoConfig ppo = PpoConfig.defaults().withSteps(16).withMinibatchSize(32).withEpochs(2);
    return TrainingConfig.defaults(EnvironmentConfig.defaults("CartPole-v1").withCount(4), ppo)
        .withSeed(5)
        .withStop(StopConfig.defaults().withEnvironmentSteps(steps))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(3).withEvery(256));
  }

  /**
   * A store in which somebody else takes a step before each answer, as other learners do where
   * learning is not synchronous. It knows what it held at each version.
   */
  private static final class BusyStore implements ParameterStore {
    private final LocalParameterStore store;
    private final Map<Long, StoreState> history = new HashMap<>();

    BusyStore(LocalParameterStore store) {
      this.store = store;
    }

    private void pushOfAnother() {
      float[] gradient = new float[layout().size()];
      Arrays.fill(gradient, 1e-3f);
      store.push(gradient, 1e-3);
      remember();
    }

    private void remember() {
      StoreState state = store.save();
      history.put(state.parameters().version(), state);
    }

    @Override
    public ParameterLayout layout() {
      return store.layout();
    }

    @Override
    public long pull(String network, float[] destination) {
      pushOfAnother();
      return store.pull(network, destination);
    }

    @Override
    public double push(String network, float[] gradient, double learningRate) {
      pushOfAnother();
      double norm = store.push(network, gradient, learningRate);
      remember();
      return norm;
    }

    @Override
    public Map<String, byte[]> saveParts() {
      pushOfAnother();
      return store.saveParts();
    }

    @Override
    public StoreState save() {
      pushOfAnother();
      return store.save();
    }

    @Override
    public void restore(StoreState state) {
      store.restore(state);
    }

    @Override
    public void close() {
      store.close();
    }
  }

  /** Parameters, moments, step count, evaluation and result. */
  @Test
  void isOfOneVersionWhateverOthersPushMeanwhile() throws IOException {
    TrainingConfig config = config(512);
    BusyStore[] stores = new BusyStore[1];
    EvaluationResult[] evaluated = new EvaluationResult[1];
    TrainingResult result =
        Trainer.builder(config)
            .directory(directory)
            .store(
                (run, policy, initial) -> {
                  stores[0] =
                      new BusyStore(
                          new LocalParameterStore(
                              policy.network().layout(),
                              initial,
                              run.algorithm().optimizer(),
                              run.algorithm().maxGradientNorm()));
                  return stores[0];
                })
            .listener(
                new TrainingListener() {
                  @Override
                  public void onEvaluation(TrainingProgress progress, EvaluationResult found) {
                    evaluated[0] = found;
                  }
                })
            .build()
            .train();

    for (Path path : new RunDirectory(directory).checkpoints()) {
      Checkpoint read = Checkpoint.read(path);
      StoreState held =
          Objects.requireNonNull(stores[0].history.get(read.store().parameters().version()));
      assertThat(read.snapshot().parameters().values()).isEqualTo(held.parameters().values());
      assertThat(read.store().optimizerSteps()).isEqualTo(held.optimizerSteps());
      assertThat(read.store().moments()).containsOnlyKeys(held.moments().keySet());
      held.moments()
          .forEach(
              (name, moment) -> assertThat(read.store().moments().get(name)).isEqualTo(moment));
    }
    Checkpoint last = Checkpoint.read(directory);
    assertThat(judged(last.snapshot(), last, config)).isEqualTo(evaluated[0]);
    try (Policy policy = result.policy()) {
      assertThat(policy.snapshot().parameters().version())
          .isEqualTo(last.snapshot().parameters().version());
      assertThat(policy.snapshot().parameters().values())
          .isEqualTo(last.snapshot().parameters().values());
    }
  }

  /** As the run evaluates. */
  private static EvaluationResult judged(
      PolicySnapshot snapshot, Checkpoint checkpoint, TrainingConfig config) {
    long seed = SeedSequence.of(config.seed()).stream("evaluation").generateState(1)[0] >>> 33;
    try (Evaluation evaluation =
        new Evaluation(
            EnvironmentCatalogue.standard().factory("CartPole-v1"),
            checkpoint.policy(),
            config.network().engine().create(checkpoint.policy().network()),
            config.evaluation().episodes(),
            config.evaluation().deterministic(),
            seed,
            config.evaluation().maxEpisodeSteps())) {
      return evaluation.run(snapshot);
    }
  }

  /** 64 MiB go into the file and out of it with a hundredth of that in memory. */
  @Test
  void aLargePartIsNeverWholeInMemory() throws IOException {
    TrainingConfig config = config(64);
    Trainer.builder(config).directory(directory).build().train();
    Checkpoint small = Checkpoint.read(new RunDirectory(directory).latest().orElseThrow());
    Path path = directory.resolve("large");
    byte[] piece = new byte[1 << 16];
    Arrays.fill(piece, (byte) 7);
    int pieces = 1024;

    long before = allocated();
    small.write(
        path,
        config,
        Provenance.now(1, small.progress()),
        Map.of(
            Checkpoint.LEARNER,
            out -> {
              for (int i = 0; i < pieces; i++) {
                out.writeInt(i);
                out.write(piece);
              }
            }));
    Checkpoint read = Checkpoint.read(path);
    byte[] again = new byte[piece.length];
    read.restore(
        Checkpoint.LEARNER,
        in -> {
          for (int i = 0; i < pieces; i++) {
            assertThat(in.readInt()).isEqualTo(i);
            in.readFully(again);
          }
          assertThat(in.read()).isEqualTo(-1);
        });
    assertThat(allocated() - before).isLessThan(16L << 20);
    assertThat(again).isEqualTo(piece);
    assertThat(path.resolve("learner.bin")).hasSize(pieces * (4L + piece.length));
    assertThat(read.parts()).doesNotContainKey(Checkpoint.LEARNER);

    Files.write(path.resolve("learner.bin"), new byte[7]);
    assertThatThrownBy(() -> Checkpoint.read(path))
        .isInstanceOf(IOException.class)
        .hasMessage(
            path.resolve("learner.bin")
                + " is cut off or broken: it has 7 bytes but must have "
                + pieces * (4L + piece.length));
  }

  private static long allocated() {
    return ((ThreadMXBean) ManagementFactory.getThreadMXBean()).getCurrentThreadAllocatedBytes();
  }

  /** A replay memory lies in a file of its own, and a run goes on from there bit for bit. */
  @Test
  void aReplayMemoryIsStreamed() throws IOException {
    DqnConfig dqn = DqnConfig.defaults().withWarmUpSteps(3_900).withTargetInterval(50);
    TrainingConfig whole =
        config(6_000)
            .withAlgorithm(dqn)
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    TrainingConfig half = whole.withStop(whole.stop().withEnvironmentSteps(4_000));
    Trainer.builder(half).directory(directory).build().train();
    Checkpoint checkpoint = Checkpoint.read(directory);

    assertThat(checkpoint.files()).containsOnlyKeys(Checkpoint.LEARNER);
    assertThat(checkpoint.files().get(Checkpoint.LEARNER)).hasFileName("learner.bin");
    assertThat(parameters(Trainer.builder(whole).resume(checkpoint)))
        .isEqualTo(parameters(Trainer.builder(whole)));
  }

  /** Whoever keeps a run's state in memory says how much it may be. */
  @Test
  void partsInMemoryAreBounded() {
    DqnConfig dqn = DqnConfig.defaults().withWarmUpSteps(3_900);
    List<Boolean> found = new ArrayList<>();
    Trainer.builder(config(4_000).withAlgorithm(dqn))
        .listener(
            new TrainingListener() {
              private @Nullable TrainingControl control;

              @Override
              public void onStart(TrainingControl run) {
                control = run;
              }

              @Override
              public void onIteration(TrainingProgress progress, Map<String, Double> values) {
                TrainingControl run = Objects.requireNonNull(control);
                found.add(run.parts(60_000).isPresent());
                assertThat(run.parts(1 << 20).orElseThrow()).containsKey(Checkpoint.LEARNER);
              }
            })
        .build()
        .train();
    assertThat(found).startsWith(true).endsWith(false);
  }

  /** As checkpoints were before parts had files. */
  @Test
  void aReplayMemoryWithinTheStateIsRead() throws IOException {
    DqnConfig dqn = DqnConfig.defaults().withWarmUpSteps(3_900);
    TrainingConfig config =
        config(4_000)
            .withAlgorithm(dqn)
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0));
    Trainer.builder(config).directory(directory).build().train();
    Path path = new RunDirectory(directory).latest().orElseThrow();
    byte[] memory = Files.readAllBytes(path.resolve("learner.bin"));
    Checkpoint.replaceParts(path, Map.of(Checkpoint.LEARNER, memory));
    Files.delete(path.resolve("learner.bin"));

    Checkpoint old = Checkpoint.read(path);
    assertThat(old.parts().get(Checkpoint.LEARNER)).isEqualTo(memory);
    TrainingConfig longer = config.withStop(config.stop().withEnvironmentSteps(5_000));
    assertThat(parameters(Trainer.builder(longer).resume(old)))
        .isEqualTo(parameters(Trainer.builder(longer)));
  }

  private static float[] parameters(Trainer.Builder trainer) {
    try (Policy policy = trainer.build().train().policy()) {
      return policy.snapshot().parameters().values();
    }
  }
}
