package org.mobula.parameterserver;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.mobula.core.parameters.StoreState;
import org.mobula.core.training.Checkpoint;
import org.mobula.parameterserver.shard.FloatSlice;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardSetup;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.ListenConfig;
import org.mobula.parameterserver.wire.ShardServer;
import org.mobula.parameterserver.wire.Transport;

/**
 * One shard and, where other processes need one, the server that they reach it by: what a shard's
 * actor holds, or a process of its own.
 */
public final class ShardHost implements AutoCloseable {
  private static final Address ANY_PORT = new Address.Tcp("127.0.0.1", 0);
  private static final long EXPIRY_MILLIS = 100;

  private final Shard shard;
  private final String token;
  private @Nullable Transport transport;
  private @Nullable ShardServer server;

  /** Lets time pass for a shard that no server looks after. */
  private @Nullable ScheduledExecutorService ticker;

  private @Nullable Connections replicaConnections;
  private boolean closed;

  private ShardHost(Shard shard, String token) {
    this.shard = shard;
    this.token = token;
  }

  private static ShardHost at(Shard shard, Address address, ListenConfig config) {
    ShardHost host = new ShardHost(shard, config.tokenText());
    try {
      host.listen(address, config);
    } catch (RuntimeException e) {
      host.close();
      throw e;
    }
    return host;
  }

  /**
   * A shard for this JVM, which nobody else can reach until its handle goes to another one.
   *
   * @param token that others must have then
   */
  static ShardHost here(Shard shard, String token) {
    ShardHost host = new ShardHost(shard, token);
    ScheduledExecutorService ticker =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread thread = new Thread(task, "mobula-parameter-shard");
              thread.setDaemon(true);
              return thread;
            });
    host.ticker = ticker;
    var unused =
        ticker.scheduleAtFixedRate(
            () -> ShardServer.expire(shard), EXPIRY_MILLIS, EXPIRY_MILLIS, TimeUnit.MILLISECONDS);
    return host;
  }

  /**
   * A primary that starts with these values.
   *
   * @param whole parameters, of which the shard takes its slice
   */
  public static ShardHost primary(
      ShardSetup setup, float[] whole, Address address, ListenConfig config) {
    FloatSlice slice = new FloatSlice(whole, setup.from(), setup.size());
    return at(Shard.primary(setup, slice, history(), System::nanoTime), address, config);
  }

  /** Tells values that begin here from all others; no result depends on it. */
  static long history() {
    return UUID.randomUUID().getMostSignificantBits() | 1;
  }

  /**
   * A primary that goes on from a run's checkpoint. Its epoch is above those that were saved there;
   * a learner that knows a later one tells it.
   *
   * @throws IllegalArgumentException if the checkpoint is of another network or optimizer
   */
  public static ShardHost restored(
      ShardSetup setup, Checkpoint checkpoint, Address address, ListenConfig config) {
    return restored(
        setup,
        checkpoint.store(),
        ServerParameterStore.savedRun(checkpoint.parts()),
        ServerParameterStore.savedEpoch(checkpoint.parts()),
        address,
        config);
  }

  static ShardHost restored(
      ShardSetup setup,
      StoreState whole,
      String run,
      long epoch,
      Address address,
      ListenConfig config) {
    StoreState part = StateSlices.cut(whole, setup.from(), setup.to());
    return at(
        Shard.restored(setup, part, run, epoch, history(), System::nanoTime), address, config);
  }

  /** A replica that holds nothing until a primary sends it its state. */
  public static ShardHost replica(ShardSetup setup, Address address, ListenConfig config) {
    return at(Shard.replica(setup, System::nanoTime), address, config);
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

  Shard shard() {
    return shard;
  }

  String token() {
    return token;
  }

  /** Where it listens: from now on, if it did not before, for processes of this machine. */
  public synchronized Address address() {
    ShardServer listening = server;
    return listening == null
        ? listen(ANY_PORT, ListenConfig.defaults().withToken(token))
        : listening.address();
  }

  /** Where it listens; null if nobody has asked it to. */
  synchronized @Nullable Address listensAt() {
    ShardServer listening = server;
    return listening == null ? null : listening.address();
  }

  /** Listens where the shard did whose place this one takes. */
  void listenAt(Address address) {
    var unused = listen(address, ListenConfig.defaults().withToken(token));
  }

  private synchronized Address listen(Address address, ListenConfig config) {
    if (closed) {
      throw new IllegalStateException("the shard is closed, so nobody can reach it any more");
    }
    Transport opened = transport == null ? Transport.open() : transport;
    transport = opened;
    ShardServer started = ShardServer.start(opened, address, List.of(shard), config);
    server = started;
    return started.address();
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
    shard.replicateTo(replica.link(connections(config)));
  }

  /**
   * Lets this shard and its replica change places: the one tells the other where it can be reached.
   * A server that listens at all addresses is reached by the machine's name.
   */
  public ShardHost pairedBy(ServerConfig config) {
    Connections connections = connections(config);
    shard.reachable(
        outside(address()).toString(), other -> connections.to(Address.parse(other), ""));
    return this;
  }

  private static Address outside(Address listening) {
    boolean everywhere =
        listening instanceof Address.Tcp tcp && List.of("0.0.0.0", "::").contains(tcp.host());
    if (!everywhere) {
      return listening;
    }
    try {
      String name = InetAddress.getLocalHost().getHostName();
      return new Address.Tcp(name, ((Address.Tcp) listening).port());
    } catch (UnknownHostException e) {
      return listening;
    }
  }

  /**
   * Reports that this primary was given no replica, if the configuration asks for one; in place of
   * {@link #replicateTo}.
   */
  public ShardHost withoutReplica(ServerConfig config) {
    if (config.replicas() > 0) {
      shard.lacksReplica();
    }
    return this;
  }

  private synchronized Connections connections(ServerConfig config) {
    Connections present = replicaConnections;
    if (present == null) {
      present = new Connections(config, shard.setup().layout());
      replicaConnections = present;
    }
    return present;
  }

  /** Called by whoever started it, which waits for it, and once more by the runtime. */
  @Override
  public synchronized void close() {
    if (closed) {
      return;
    }
    closed = true;
    if (ticker != null) {
      ticker.shutdownNow();
    }
    if (server != null) {
      server.close();
    }
    if (replicaConnections != null) {
      replicaConnections.close();
    }
    if (transport != null) {
      transport.close();
    }
    shard.close();
  }
}
