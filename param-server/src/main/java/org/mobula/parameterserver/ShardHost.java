package org.mobula.parameterserver;

import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parameters.StoreState;
import org.mobula.parameterserver.shard.Caller;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Restore;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.ListenConfig;
import org.mobula.parameterserver.wire.ShardServer;
import org.mobula.parameterserver.wire.Transport;

/**
 * One shard and the server that other processes reach it by: the object of a shard's actor, or of a
 * process of its own.
 */
public final class ShardHost implements AutoCloseable {
  private final Transport transport = Transport.open();
  private final Shard shard;
  private final ShardServer server;
  private @Nullable Connections replicaConnections;
  private boolean closed;

  private ShardHost(Shard shard, Address address, ListenConfig config) {
    this.shard = shard;
    try {
      server = ShardServer.start(transport, address, List.of(shard), config);
    } catch (RuntimeException e) {
      transport.close();
      shard.close();
      throw e;
    }
  }

  /**
   * A primary that starts with these values.
   *
   * @param whole parameters, of which the shard takes its slice
   */
  public static ShardHost primary(
      ShardSetup setup, float[] whole, Address address, ListenConfig config) {
    return primary(setup, whole, history(), address, config);
  }

  /**
   * One of several primaries that are started together.
   *
   * @param history of all of them
   */
  static ShardHost primary(
      ShardSetup setup, float[] whole, long history, Address address, ListenConfig config) {
    FloatSlice slice = new FloatSlice(whole, setup.from(), setup.size());
    return new ShardHost(Shard.primary(setup, slice, history, System::nanoTime), address, config);
  }

  /** Tells values that begin here from all others; no result depends on it. */
  static long history() {
    return UUID.randomUUID().getMostSignificantBits() | 1;
  }

  /**
   * A primary that goes on from a saved state of all parameters. Its epoch is above that of the
   * shard that it replaces, which nobody can tell any more: it is the time in seconds, where
   * promotions count from 0.
   *
   * @throws IllegalArgumentException if the state is of another network or optimizer
   */
  public static ShardHost restored(
      ShardSetup setup, StoreState whole, Address address, ListenConfig config) {
    FloatSlice slice = new FloatSlice(whole.parameters().values(), setup.from(), setup.size());
    Shard shard = Shard.primary(setup, slice, System::nanoTime);
    StoreState part = StateSlices.cut(whole, setup.from(), setup.to());
    Caller caller = Caller.reader(System.currentTimeMillis() / 1000);
    try {
      shard.restore(new Restore(caller, part, part.parameters().version())).join();
    } catch (CompletionException e) {
      shard.close();
      Throwable refusal = e.getCause() == null ? e : e.getCause();
      throw new IllegalArgumentException(refusal.getMessage(), refusal);
    }
    return new ShardHost(shard, address, config);
  }

  /** A replica that holds nothing until a primary sends it its state. */
  public static ShardHost replica(ShardSetup setup, Address address, ListenConfig config) {
    return new ShardHost(Shard.replica(setup, System::nanoTime), address, config);
  }

  /**
   * The same, with a listener for what happens to the shard, which is logged otherwise.
   *
   * @param events called by whichever thread the shard works in, so it must not wait
   */
  public ShardHost listening(Consumer<ShardEvent> events) {
    shard.listen(events);
    return this;
  }

  ShardHandle handle() {
    return ShardHandle.of(shard, server.address());
  }

  /** Where it listens. */
  public Address address() {
    return server.address();
  }

  /** How the shard fares. */
  public ShardStatus status() {
    return shard.status().join();
  }

  /** Has the replica at that address follow this shard. */
  public void replicateTo(Address replica, ServerConfig config) {
    replicateTo(ShardHandle.at(replica), config);
  }

  void replicateTo(ShardHandle replica, ServerConfig config) {
    Connections connections = new Connections(config, shard.setup().layout());
    replicaConnections = connections;
    shard.replicateTo(replica.link(connections));
  }

  /** Called by whoever started it, which waits for it, and once more by the runtime. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    server.close();
    if (replicaConnections != null) {
      replicaConnections.close();
    }
    transport.close();
    shard.close();
  }
}
