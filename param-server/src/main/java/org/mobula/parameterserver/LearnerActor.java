package org.mobula.parameterserver;

import java.io.Serializable;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.ParameterSnapshot;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.training.Checkpoint;
import org.mobula.core.training.ExperienceSetup;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingControl;
import org.mobula.core.training.TrainingListener;
import org.mobula.core.training.TrainingProgress;
import org.mobula.core.training.config.CheckpointConfig;
import org.mobula.core.training.config.EvaluationConfig;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.LearnerStates.Packed;
import org.mobula.parameterserver.shard.Agreement;

/**
 * The object of a learner's actor: a trainer that leaves evaluating and saving to the first one.
 */
final class LearnerActor implements AutoCloseable {
  private final Setup setup;
  private final Connections connections;
  private final LearnerStates states = new LearnerStates();
  private @Nullable ServerParameterStore store;
  private volatile @Nullable Trainer trainer;
  private volatile boolean stopped;
  private volatile String hang = "";

  /**
   * What a learner is made from.
   *
   * @param config of the run
   * @param agreement that the shards have
   * @param number among the run's learners, from 1
   * @param savesStates whether its state belongs into checkpoints
   */
  record Setup(
      TrainingConfig config,
      EnvironmentFactory environment,
      ParameterServer.ExperiencePlug experience,
      ParameterLayout layout,
      List<List<ShardHandle>> shards,
      ServerConfig server,
      Agreement agreement,
      int number,
      boolean savesStates)
      implements Serializable {}

  LearnerActor(Setup setup) {
    this.setup = setup;
    connections = new Connections(setup.server, setup.layout);
  }

  /**
   * Takes part from now on: no round ends without this learner.
   *
   * @return the number that it has
   */
  int join(int number) {
    Membership membership = ParameterServer.membership(setup.layout, setup.agreement);
    ServerParameterStore joined =
        ParameterServer.join(
            setup.shards,
            connections,
            setup.server,
            membership,
            setup.layout,
            number,
            ParameterServer::heardByTheTrainer);
    store = joined;
    joined.giveUpWithoutProgress(
        setup.server.progressTimeout(), (hangs, what) -> hang = hangs ? what : "");
    return joined.worker();
  }

  /** Why this learner has given its place up; empty if it has not. */
  String hang() {
    return hang;
  }

  /**
   * Trains until the run's end or {@link #stop}.
   *
   * @param version of the parameters that the run begins with or goes on from
   * @param saved this learner's part of the checkpoint that the run goes on from; empty without
   * @return why it failed; empty if it did not
   */
  String train(long version, byte[] saved) {
    ServerParameterStore joined = store;
    if (joined == null) {
      throw new IllegalStateException("a learner must join before it trains");
    }
    try {
      Packed packed = saved.length == 0 ? null : Packed.read(saved);
      TrainingConfig config = setup.config;
      long seed = packed == null ? seed(config.seed(), setup.number, version) : packed.seed();
      TrainingConfig own =
          config
              .withSeed(seed)
              .withStop(config.stop().withEvaluationsWithoutImprovement(0)) // the trainer sees them
              .withEvaluation(EvaluationConfig.defaults().withEpisodes(0).withEvery(0))
              .withCheckpoint(CheckpointConfig.defaults());
      Trainer.Builder builder =
          Trainer.builder(own)
              .environment(setup.environment)
              .experience(setup.experience)
              .learners(setup.server.learners())
              .store((unused, policy, initial) -> new LearnerStore(joined, states))
              .listener(new StateKeeper(seed, joined));
      if (packed != null) {
        builder.resume(checkpoint(own, version, packed.parts()));
      }
      Trainer built = builder.build();
      trainer = built;
      if (stopped) {
        built.stop("the run ends");
      }
      var unused = built.train();
      return "";
    } catch (RuntimeException e) {
      return String.valueOf(e.getMessage());
    } finally {
      // Whatever has ended it, an Error too: the others' rounds must not wait for this learner.
      // One that was given up while it hung has nobody left to close it.
      states.over();
      close();
    }
  }

  /** Of the parts that are this learner's own; the parameters are at the shards. */
  private Checkpoint checkpoint(TrainingConfig own, long version, Map<String, byte[]> parts) {
    PolicySpec policy = ExperienceSetup.policy(own, setup.environment);
    ParameterSnapshot none = new ParameterSnapshot(version, new float[0]);
    return new Checkpoint(
        policy, new PolicySnapshot(none, null), new StoreState(none, 0, Map.of()), parts);
  }

  /**
   * What this learner's next iteration depends on, as it was when its last one ended.
   *
   * @param version of the parameters then
   * @return empty where no iteration of this learner ended there
   */
  byte[] state(long version) throws InterruptedException {
    return states.at(version, setup.server.lease().toNanos());
  }

  /** Keeps the state at the end of each iteration, for whenever the trainer saves. */
  private final class StateKeeper implements TrainingListener {
    private final long seed;
    private final ServerParameterStore joined;
    private @Nullable TrainingControl control;
    private boolean tooLarge;

    StateKeeper(long seed, ServerParameterStore joined) {
      this.seed = seed;
      this.joined = joined;
    }

    @Override
    public void onStart(TrainingControl run) {
      control = run;
    }

    @Override
    public void onIteration(TrainingProgress progress, Map<String, Double> measurements) {
      TrainingControl run = control;
      if (run != null && setup.savesStates) {
        // A replay memory only grows.
        Optional<Map<String, byte[]>> parts =
            tooLarge ? Optional.empty() : run.parts(LearnerStates.MOST_BYTES);
        tooLarge = parts.isEmpty();
        byte[] state = parts.map(all -> LearnerStates.pack(seed, all)).orElse(new byte[0]);
        states.ended(joined.version(), state);
      }
    }
  }

  /** Each learner sees other episodes, and other ones after a run was resumed. */
  static long seed(long root, int number, long version) {
    return SeedSequence.of(root).stream("learner/" + number + "/" + version).generateState(1)[0]
        >>> 33;
  }

  /** Ends the training after the present iteration. */
  void stop() {
    stopped = true;
    Trainer present = trainer;
    if (present != null) {
      present.stop("the run ends");
    }
  }

  @Override
  public void close() {
    if (store != null) {
      store.close();
    }
    connections.close();
  }
}
