package org.mobula.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import org.assertj.core.api.AbstractThrowableAssert;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.algorithm.ppo.PpoConfig;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.TimeLimit;
import org.mobula.core.environment.classic.CartPole;
import org.mobula.core.optimizer.OptimizerConfig.Sgd;
import org.mobula.core.optimizer.Schedule;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.Pcg64;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.runtime.TaskRuntime;
import org.mobula.core.runtime.local.LocalTaskRuntime;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.CheckpointConfig;
import org.mobula.core.training.EnvironmentConfig;
import org.mobula.core.training.EvaluationConfig;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.StopConfig;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingConfig;
import org.mobula.core.training.TrainingException;
import org.mobula.core.training.TrainingListener;
import org.mobula.core.training.TrainingProgress;
import org.mobula.parameterserver.shard.Claim;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.ListenConfig;

/** Running shards know whose they are, and turn away who does not belong to the run. */
@Timeout(120)
class RunIdentityTest {
  private static final EnvironmentFactory CART_POLE = () -> new TimeLimit(new CartPole(false), 500);
  private static final int STEPS = 64;

  @TempDir private Path folder;
  private final List<ShardHost> hosts = new ArrayList<>();

  @AfterEach
  void end() {
    hosts.forEach(ShardHost::close);
  }

  private static TrainingConfig config(int iterations) {
    PpoConfig ppo = PpoConfig.defaults().withSteps(16).withEpochs(1).withMinibatchSize(STEPS);
    return TrainingConfig.defaults(EnvironmentConfig.defaults("CartPole-v1").withCount(4), ppo)
        .withSeed(5)
        .withStop(StopConfig.defaults().withEnvironmentSteps((long) STEPS * iterations))
        .withEvaluation(EvaluationConfig.defaults().withEpisodes(0))
        .withCheckpoint(CheckpointConfig.defaults().withEvery(STEPS).withKeep(100));
  }

  private static TrainingConfig ppo(TrainingConfig config, UnaryOperator<PpoConfig> change) {
    return config.withAlgorithm(change.apply((PpoConfig) config.algorithm()));
  }

  /** Starts shards as processes of their own would. */
  private ServerConfig shards(TrainingConfig config, int count) {
    ServerConfig server = ServerConfig.defaults().withShards(count);
    List<String> addresses = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      hosts.add(shard(config, server, i));
      addresses.add(hosts.get(hosts.size() - 1).address().toString());
    }
    return server.withAddresses(addresses);
  }

  private static ShardHost shard(TrainingConfig config, ServerConfig server, int place) {
    PolicySpec policy = ExperienceSetup.policy(config, CART_POLE);
    Pcg64 random = new Pcg64(SeedSequence.of(config.seed()).stream("parameters"));
    return ShardHost.primary(
        ParameterServer.setup(config, policy, server, place),
        policy.network().initialParameters(random),
        Address.parse("127.0.0.1:0"),
        ListenConfig.defaults());
  }

  /** A run, with what is peculiar to it. */
  private final class Run {
    final TrainingConfig config;
    final ServerConfig server;
    @Nullable Path directory;
    @Nullable Checkpoint resumed;
    boolean takesOver;
    Consumer<TrainingProgress> eachIteration = progress -> {};

    Run(TrainingConfig config, ServerConfig server) {
      this.config = config;
      this.server = server;
    }

    Run directory(String name) {
      directory = folder.resolve(name);
      return this;
    }

    Run resume(String name, int iteration) throws IOException {
      directory(name);
      Path saved = new RunDirectory(folder.resolve(name)).checkpoints().get(iteration - 1);
      resumed = Checkpoint.read(saved);
      return this;
    }

    Run takeOver() {
      takesOver = true;
      return this;
    }

    Run eachIteration(Consumer<TrainingProgress> listener) {
      eachIteration = listener;
      return this;
    }

    void train() {
      try (TaskRuntime runtime = LocalTaskRuntime.builder().cpus(8).build();
          ParameterServer parameters = ParameterServer.on(runtime, server, CART_POLE)) {
        Trainer.Builder trainer =
            Trainer.builder(config)
                .environment(CART_POLE)
                .store(takesOver ? parameters.takeOver() : parameters)
                .listener(
                    new TrainingListener() {
                      @Override
                      public void onIteration(
                          TrainingProgress progress, Map<String, Double> measurements) {
                        eachIteration.accept(progress);
                      }
                    });
        if (directory != null) {
          trainer.directory(directory);
        }
        if (resumed != null) {
          trainer.resume(resumed);
        }
        trainer.build().train().policy().close();
      }
    }
  }

  private static AbstractThrowableAssert<?, ?> assertRefused(Run run, Refusal reason) {
    return assertThatThrownBy(
            () -> {
              try {
                run.train();
              } catch (TrainingException e) {
                throw Objects.requireNonNull(e.getCause());
              }
            })
        .isInstanceOfSatisfying(
            RefusedException.class, refused -> assertThat(refused.refusal()).isEqualTo(reason));
  }

  private static void assertJoinIsRefused(
      TrainingConfig config, ServerConfig server, String... message) {
    try (JoinedStore store = new JoinedStore(server)) {
      assertThatThrownBy(
              () -> Trainer.builder(config).environment(CART_POLE).store(store).build().train())
          .isInstanceOf(RefusedException.class)
          .hasMessageContainingAll(message);
    }
  }

  private ShardStatus status(int shard) {
    return hosts.get(shard).status();
  }

  private Claim claim(int shard) {
    return Objects.requireNonNull(status(shard).lineage().claim());
  }

  @Test
  void settingsThatARunSharesMustAgree() {
    TrainingConfig config = config(3);
    ServerConfig server = shards(config, 2);
    assertJoinIsRefused(
        ppo(config, ppo -> ppo.withDiscount(0)),
        server,
        "algorithm.ppo.discount is 0.0 but 0.99 at the shard",
        "start both with the same configuration");
    assertJoinIsRefused(
        ppo(config, ppo -> ppo.withLearningRate(new Schedule.Constant(100))),
        server,
        "algorithm.ppo.learning-rate",
        "100.0",
        "at the shard");
    assertRefused(
            new Run(ppo(config, ppo -> ppo.withOptimizer(Sgd.defaults())), server),
            Refusal.WRONG_SETTINGS)
        .hasMessageContainingAll(
            "algorithm.ppo.optimizer.adam", "nothing", "algorithm.ppo.optimizer.sgd");
    assertRefused(
            new Run(config, server.withConsistency(new Consistency.Asynchronous())),
            Refusal.WRONG_SETTINGS)
        .hasMessageContaining("parameters.server.consistency");
    assertJoinIsRefused(
        config.withEnvironment(config.environment().withOptions(Map.of("max-episode-steps", 20))),
        server,
        "environment.options.max-episode-steps is 20 but nothing at the shard");
    assertThat(status(0).version()).isZero();
  }

  @Test
  void whatEachLearnerChoosesMayDiffer() {
    TrainingConfig config = config(3);
    ServerConfig server = shards(config, 2);
    TrainingConfig other =
        config
            .withSeed(77)
            .withEnvironment(config.environment().withCount(2))
            .withStop(StopConfig.defaults().withEnvironmentSteps(STEPS));
    try (JoinedStore store = new JoinedStore(server)) {
      Trainer.builder(other).environment(CART_POLE).store(store).build().train().policy().close();
    }
    assertThat(status(0).version()).isPositive();
    assertThat(status(0).lineage().claim()).isNull();
    assertThat(status(0).agreement()).hasSize(16).isEqualTo(status(1).agreement());
  }

  @Test
  void aShardInUseSaysByWhom() {
    TrainingConfig config = config(3);
    ServerConfig server = shards(config, 2);
    long[] tried = {0};
    new Run(config, server)
        .eachIteration(
            progress -> {
              Claim claim = claim(0);
              assertThat(claim(1).run()).isEqualTo(claim.run()).startsWith("CartPole-v1-");
              assertThat(claim.process()).isEqualTo(ProcessHandle.current().pid());
              assertRefused(new Run(config, server), Refusal.IN_USE)
                  .hasMessageContainingAll(
                      "in use by run " + claim.run(),
                      "process " + claim.process() + " on host " + claim.host(),
                      "at version " + progress.iterations(),
                      "end that one first");
              tried[0]++;
            })
        .train();
    assertThat(tried[0]).isEqualTo(3);
    assertThat(status(0).version()).isEqualTo(3);
    assertThat(claim(0).term()).isEqualTo(1);
  }

  @Test
  void aNewRunOnUsedShardsHasToBeAskedFor() {
    TrainingConfig config = config(3);
    ServerConfig server = shards(config, 2);
    new Run(config, server).train();
    String before = claim(0).run();
    assertRefused(new Run(config, server), Refusal.IN_USE)
        .hasMessageContainingAll(
            "holds version 3 of run " + before, "resume that run, or start the shard anew");
    assertThat(claim(0).run()).isEqualTo(before);
    new Run(config, server).takeOver().train();
    assertThat(status(0).version()).isEqualTo(6);
    assertThat(status(1).version()).isEqualTo(6);
    assertThat(claim(0).run()).isNotEqualTo(before);
    assertThat(claim(0).term()).isEqualTo(2);
  }

  @Test
  void anotherSeedThanThatOfTheFirstParametersIsRefused() {
    TrainingConfig config = config(2);
    ServerConfig server = shards(config, 1);
    Run other = new Run(config.withSeed(99), server);
    assertRefused(other, Refusal.WRONG_SETTINGS)
        .hasMessageContaining("seed is 99 but 5 at the shard");
    other.takeOver().train();
    assertThat(status(0).version()).isEqualTo(2);
  }

  @Test
  void aTrainerWhoseShardsAreTakenOverEnds() {
    TrainingConfig config = config(3);
    ServerConfig server = shards(config, 2);
    assertRefused(
            new Run(config, server)
                .eachIteration(progress -> new Run(config, server).takeOver().train()),
            Refusal.IN_USE)
        .hasMessageContaining("holds version 4 of run ");
    assertThat(status(1).version()).isEqualTo(4);
  }

  @Test
  void aRunIsResumedOnItsOwnShards() throws IOException {
    TrainingConfig config = config(3);
    ServerConfig server = shards(config, 2);
    new Run(config, server).directory("own").train();
    String identity = claim(0).run();
    new Run(config(5), server).resume("own", 3).train();
    assertThat(status(0).version()).isEqualTo(5);
    assertThat(claim(0).run()).isEqualTo(identity);
    assertRefused(new Run(config(6), server).resume("own", 4), Refusal.WRONG_HISTORY)
        .hasMessageContaining(
            "the shards are at version 5 but the saved state at 4: to go back loses 1 versions");
    assertThat(status(0).version()).isEqualTo(5);
    new Run(config(6), server).resume("own", 4).takeOver().train();
    assertThat(status(0).version()).isEqualTo(6);
    assertThat(status(1).version()).isEqualTo(6);
  }

  @Test
  void anOldRunDoesNotRewindAnother() throws IOException {
    TrainingConfig config = config(2);
    new Run(config, shards(config, 1)).directory("old").train();
    ServerConfig used = shards(config, 1);
    new Run(config(3), used).train();
    assertRefused(new Run(config(4), used).resume("old", 2), Refusal.IN_USE)
        .hasMessageContaining("holds version 3 of run ");
    assertThat(status(1).version()).isEqualTo(3);
  }
}
