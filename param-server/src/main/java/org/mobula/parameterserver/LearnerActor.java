package org.mobula.parameterserver;

import java.io.Serializable;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.random.SeedSequence;
import org.mobula.core.training.CheckpointConfig;
import org.mobula.core.training.EvaluationConfig;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingConfig;
import org.mobula.parameterserver.shard.Agreement;

/**
 * The object of a learner's actor: a trainer that leaves evaluating and saving to the first one.
 */
final class LearnerActor implements AutoCloseable {
  private final Setup setup;
  private final Connections connections;
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
   */
  record Setup(
      TrainingConfig config,
      EnvironmentFactory environment,
      ParameterLayout layout,
      List<List<ShardHandle>> shards,
      ServerConfig server,
      Agreement agreement,
      int number)
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
   * @return why it failed; empty if it did not
   */
  String train(long version) {
    ServerParameterStore joined = store;
    if (joined == null) {
      throw new IllegalStateException("a learner must join before it trains");
    }
    TrainingConfig config = setup.config;
    TrainingConfig own =
        config
            .withSeed(seed(config.seed(), setup.number, version))
            .withStop(config.stop().withEvaluationsWithoutImprovement(0)) // the trainer sees them
            .withEvaluation(EvaluationConfig.defaults().withEpisodes(0).withEvery(0))
            .withCheckpoint(CheckpointConfig.defaults());
    try {
      Trainer built =
          Trainer.builder(own)
              .environment(setup.environment)
              .learners(setup.server.learners())
              .store((unused, policy, initial) -> joined)
              .build();
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
      close();
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
