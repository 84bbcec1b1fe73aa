package org.mobula.parameterserver;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Function;
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
import org.mobula.core.testing.SelfSigned;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.RunDirectory;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingException;
import org.mobula.core.training.TrainingListener;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.config.CheckpointConfig;
import org.mobula.core.training.config.EnvironmentConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.StopConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.shard.Claim;
import org.mobula.parameterserver.shard.Consistency;
import org.mobula.parameterserver.shard.Refusal;
import org.mobula.parameterserver.shard.RefusedException;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.ListenConfig;

/** Running shards know whose they are, and turn away who does not belong to the run. */
@Timeout(300)
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
      hosts.add(shard(config, server, i, Address.parse("127.0.0.1:0")));
      addresses.add(hosts.get(hosts.size() - 1).address().toString());
    }
    return server.withAddresses(addresses);
  }

  private static ShardHost shard(
      TrainingConfig config, ServerConfig server, int place, Address address) {
    PolicySpec policy = ExperienceSetup.policy(config, CART_POLE);
    Pcg64 random = new Pcg64(SeedSequence.of(config.seed()).stream("parameters"));
    return ShardHost.primary(
        setup(config, server, place),
        policy.network().initialParameters(random),
        address,
        ListenConfig.defaults());
  }

  private static ShardSetup setup(TrainingConfig config, ServerConfig server, int place) {
    PolicySpec policy = ExperienceSetup.policy(config, CART_POLE);
    return ParameterServer.setup(config, policy, server, place);
  }

  private Path saved(String run, int iteration) throws IOException {
    return new RunDirectory(folder.resolve(run)).checkpoints().get(iteration - 1);
  }

  /** A run, with what is peculiar to it. */
  private final class Run {
    final TrainingConfig config;
    final ServerConfig server;
    @Nullable Path directory;
    @Nullable Checkpoint resumed;
    boolean takesOver;
    Consumer<TrainingProgress> eachIteration = progress -> {};
    Consumer<ShardEvent> events = event -> {};

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
      resumed = Checkpoint.read(saved(name, iteration));
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

    Run events(Consumer<ShardEvent> listener) {
      events = listener;
      return this;
    }

    void train() {
      try (TaskRuntime runtime = LocalTaskRuntime.builder().cpus(8).build();
          ParameterServer parameters =
              ParameterServer.on(runtime, server, CART_POLE, failure -> {}, events)) {
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

  /** What is refused while it trains is told with the place. */
  private static void unwrapped(Runnable training) throws Throwable {
    try {
      training.run();
    } catch (TrainingException e) {
      throw Objects.requireNonNull(e.getCause());
    }
  }

  private static AbstractThrowableAssert<?, ?> assertRefused(Run run, Refusal reason) {
    return assertThatThrownBy(() -> unwrapped(run::train))
        .isInstanceOfSatisfying(
            RefusedException.class, refused -> assertThat(refused.refusal()).isEqualTo(reason));
  }

  private static void assertJoinIsRefused(
      TrainingConfig config, ServerConfig server, String... message) {
    try (JoinedStore store = new JoinedStore(server)) {
      assertThatThrownBy(
              () ->
                  unwrapped(
                      () ->
                          Trainer.builder(config)
                              .environment(CART_POLE)
                              .store(store)
                              .build()
                              .train()))
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
  void aMistakeOfTlsIsNotTriedAgain() throws Exception {
    TrainingConfig config = config(1);
    ServerConfig open = shards(config, 1);
    SelfSigned own = SelfSigned.in(folder);
    String trusted = own.certificate().toString();
    assertJoinIsRefused(
        config, open.withTrustedCertificates(trusted), "this side uses TLS and it does not");
    assertThat(status(0).refusals().values()).as("attempts").containsExactly(1L);
    restart(
        0,
        address ->
            ShardHost.primary(
                setup(config, open, 0),
                new float[setup(config, open, 0).size()],
                address,
                ListenConfig.defaults().withTls(own.certificate(), own.privateKey())));
    assertJoinIsRefused(config, open, "it uses TLS and this side does not");
    SelfSigned stranger = SelfSigned.in(Files.createDirectory(folder.resolve("stranger")));
    assertJoinIsRefused(
        config,
        open.withTrustedCertificates(stranger.certificate().toString()),
        "both sides use TLS, and its certificate is trusted, or neither does");
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

  // Shards that are started or restored by themselves.

  /** Kills a shard and starts it from a run's checkpoint, where it listened before. */
  private void restore(int shard, TrainingConfig config, ServerConfig server, String run, int at) {
    Checkpoint checkpoint = checkpoint(run, at);
    restart(
        shard,
        address ->
            ShardHost.restored(
                setup(config, server, shard), checkpoint, address, ListenConfig.defaults()));
  }

  private Checkpoint checkpoint(String run, int at) {
    try {
      return Checkpoint.read(saved(run, at));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void restart(int shard, Function<Address, ShardHost> start) {
    ShardHost former = hosts.get(shard);
    former.close();
    hosts.set(shard, start.apply(former.address()));
  }

  /** Quick to give up. */
  private static ServerConfig impatient(ServerConfig server) {
    return server.withSilence(Duration.ofMillis(60));
  }

  @Test
  void aShardThatIsRestoredAloneIsNotTrainedWith() throws IOException {
    TrainingConfig config = config(5);
    ServerConfig server = shards(config, 2);
    assertRefused(
            new Run(config, server)
                .directory("own")
                .eachIteration(
                    progress -> {
                      if (progress.iterations() == 3) {
                        restore(1, config, server, "own", 1);
                      }
                    }),
            Refusal.WRONG_HISTORY)
        .hasMessageContainingAll(
            "shard 0 is at version 3, begun at 0; shard 1 is at version 1, begun at 1",
            "Resume the run, or start every shard from it; at least 2 versions are lost");
    assertThat(status(1).version()).isEqualTo(1);
    // Resuming brings both to one version. Nothing is lost: the shard that was not killed has it.
    new Run(config, server).resume("own", 3).train();
    assertThat(status(0).version()).isEqualTo(5);
    assertThat(status(1).version()).isEqualTo(5);
    assertThat(status(1).lineage().history()).isEqualTo(status(0).lineage().history());
  }

  @Test
  void aShardThatIsRestoredToTheOthersVersionIsTrainedWith() {
    TrainingConfig config = config(5);
    ServerConfig server = shards(config, 2);
    new Run(config, server)
        .directory("own")
        .eachIteration(
            progress -> {
              if (progress.iterations() == 3) {
                restore(1, config, server, "own", 3);
              }
            })
        .train();
    assertThat(status(0).version()).isEqualTo(5);
    assertThat(status(1).version()).isEqualTo(5);
    assertThat(status(1).lineage().history()).isEqualTo(status(0).lineage().history());
  }

  @Test
  void shardsThatAreRestoredFromOneCheckpointGoOnTogether() throws IOException {
    TrainingConfig config = config(4);
    ServerConfig server = shards(config, 2);
    new Run(config, server).directory("own").train();
    String identity = claim(0).run();
    restore(0, config, server, "own", 2);
    restore(1, config, server, "own", 2);
    assertThat(claim(1).describe()).isEqualTo("run " + identity);
    assertRefused(new Run(config, server), Refusal.IN_USE)
        .hasMessageContaining("holds version 2 of run " + identity);
    new Run(config(5), server).resume("own", 2).train();
    assertThat(status(0).version()).isEqualTo(5);
    assertThat(status(1).version()).isEqualTo(5);
    assertThat(claim(1).run()).isEqualTo(identity);
  }

  @Test
  void aLearnerJoinsNoShardsThatWereRestoredFromSeveralCheckpoints() {
    TrainingConfig config = config(4);
    ServerConfig server = shards(config, 2);
    new Run(config, server).directory("own").train();
    restore(0, config, server, "own", 2);
    restore(1, config, server, "own", 3);
    assertJoinIsRefused(
        config,
        impatient(server),
        "shard 0 is at version 2, begun at 2; shard 1 is at version 3, begun at 3",
        "at least 1 versions are lost");
  }

  @Test
  void aLearnerDoesNotJoinAShardThatWasStartedAnew() {
    TrainingConfig config = config(4);
    ServerConfig server = shards(config, 2);
    new Run(config, server).train();
    restart(1, address -> shard(config, server, 1, address));
    assertJoinIsRefused(
        config,
        impatient(server),
        "shard 0 is at version 4, begun at 0; shard 1 is at version 0, begun at 0");
    assertThat(status(0).version()).isEqualTo(4);
  }

  @Test
  void theOnlyShardIsRestoredUnderItsRunWhichHearsOfTheLoss() {
    TrainingConfig config = config(5);
    ServerConfig server = shards(config, 1);
    List<ShardEvent> events = new CopyOnWriteArrayList<>();
    new Run(config, server)
        .directory("own")
        .events(events::add)
        .eachIteration(
            progress -> {
              if (progress.iterations() == 3) {
                restore(0, config, server, "own", 1);
              }
            })
        .train();
    assertThat(status(0).version()).isEqualTo(3); // two more steps
    assertThat(events)
        .filteredOn(event -> event.kind() == ShardEvent.Kind.VERSIONS_LOST)
        .singleElement()
        .asString()
        .contains("from version 1", "the 2 versions after it are lost");
  }

  /** However the machine's clock is set. */
  @Test
  void theEpochOfARestoredShardIsAboveThatOfTheOneBefore() throws IOException {
    TrainingConfig config = config(3);
    ServerConfig server = shards(config, 1);
    new Run(config, server).directory("own").train();
    long[] before = {0};
    new Run(config(5), server)
        .resume("own", 3)
        .eachIteration(
            progress -> {
              if (progress.iterations() == 4) {
                before[0] = status(0).epoch();
                String run = claim(0).run();
                restart(
                    0,
                    address ->
                        ShardHost.restored(
                            setup(config, server, 0),
                            checkpoint("own", 3).store(),
                            run,
                            0,
                            address,
                            ListenConfig.defaults()));
              }
            })
        .train();
    assertThat(before[0]).isPositive();
    assertThat(status(0).epoch()).as("a learner knew the one before").isEqualTo(before[0] + 1);
    restore(0, config, server, "own", 4);
    assertThat(status(0).epoch()).as("the checkpoint has it").isEqualTo(before[0] + 1);
  }

  /** As when both machines had failed: the restored shard knows less than the learners. */
  @Test
  void aShardIsRestoredAfterItsReplicaWasPromoted() {
    TrainingConfig config = config(6);
    ServerConfig alone = shards(config, 1);
    Address anyPort = Address.parse("127.0.0.1:0");
    hosts.add(ShardHost.replica(setup(config, alone, 0), anyPort, ListenConfig.defaults()));
    ServerConfig server =
        alone.withAddresses(List.of(hosts.get(0).address() + "," + hosts.get(1).address()));
    hosts.get(0).replicateTo(hosts.get(1).address(), server);
    new Run(config, server)
        .directory("own")
        .eachIteration(
            progress -> {
              if (progress.iterations() == 2) {
                hosts.get(0).close();
              } else if (progress.iterations() == 4) {
                assertThat(status(1).epoch()).isEqualTo(1);
                hosts.get(1).close();
                restore(0, config, server, "own", 1);
              }
            })
        .train();
    assertThat(status(0).version()).isEqualTo(3); // from the checkpoint's, two more
    assertThat(status(0).epoch()).isEqualTo(2);
  }
}
