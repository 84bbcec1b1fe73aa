package org.mobula.parameterserver;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.mobula.core.network.ParameterLayout;
import org.mobula.core.parameters.ParameterStore;
import org.mobula.core.policy.PolicySpec;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.config.TrainingConfig;
import org.mobula.parameterserver.shard.Join;
import org.mobula.parameterserver.shard.ShardEvent;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Parameters that are held and trained elsewhere: a trainer with this store adds its gradients and
 * starts nothing. Its own seed should differ from the other learners'.
 */
public final class JoinedStore implements Trainer.StorePlug, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(JoinedStore.class);

  private final ServerConfig server;
  private final Consumer<ShardEvent> events;
  private final List<Connections> opened = new ArrayList<>();

  /**
   * For the shards whose addresses the configuration names.
   *
   * @throws IllegalArgumentException if it names none
   */
  public JoinedStore(ServerConfig server) {
    this(server, ShardNews::log);
  }

  /**
   * For the shards whose addresses the configuration names.
   *
   * @param events is told of what happens to shards and learners, soon after; called by several
   *     threads, one at a time, which must not wait
   * @throws IllegalArgumentException if it names none
   */
  public JoinedStore(ServerConfig server, Consumer<ShardEvent> events) {
    if (server.addresses().isEmpty()) {
      throw new IllegalArgumentException("addresses is empty but must name each shard to join");
    }
    this.server = server;
    this.events = events;
  }

  /**
   * Joins.
   *
   * @throws IllegalStateException if no shard answers at one of the addresses; a shard that is lost
   *     later is a {@link ShardLostException}
   */
  @Override
  public ParameterStore create(
      TrainingConfig config, PolicySpec policy, float[] initialParameters) {
    ParameterLayout layout = config.layout(policy);
    Connections connections = new Connections(server, layout);
    opened.add(connections);
    try {
      ServerParameterStore store =
          ParameterServer.join(
              ParameterServer.running(server.addresses()),
              connections,
              server,
              ParameterServer.learner(config, policy, server),
              layout,
              Join.ANY,
              events);
      store.giveUpWithoutProgress(
          server.progressTimeout(), (hangs, what) -> LOG.warn("This learner: {}.", what));
      return store;
    } catch (ShardLostException e) {
      Throwable reason = e.getCause() == null ? e : e.getCause();
      throw new IllegalStateException(reason.getMessage(), e);
    }
  }

  /** Ends the connections; after the trainer. */
  @Override
  public void close() {
    opened.forEach(Connections::close);
  }
}
