package org.mobula.parameterserver;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.mobula.core.runtime.ActorBrokenException;
import org.mobula.core.runtime.Snapshotable;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardEvent;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.wire.Address;

/**
 * The object of a shard's actor. One of a pair that has died comes back with nothing but its place:
 * as a replica, which the other one of the two, the primary by then, brings up.
 */
final class ShardActor implements Snapshotable<ShardActor.Kept>, AutoCloseable {
  private final String token;
  private ShardHost host;

  /** Where others of this JVM find the present object's shard. */
  private ShardHandle.Place place;

  private @Nullable ShardHandle other;
  private @Nullable ServerConfig config;

  /**
   * What outlives an object.
   *
   * @param own by which others of this JVM reach the shard
   * @param address at which others reach it; null if nobody does
   * @param other the other one of the two
   */
  record Kept(ShardHandle own, @Nullable Address address, ShardHandle other, ServerConfig config)
      implements Serializable {}

  /**
   * A shard's first object.
   *
   * @param token that others must have, should other processes reach it
   */
  ShardActor(Shard shard, String token) {
    this.token = token;
    host = ShardHost.here(shard, token);
    place = new ShardHandle.Place(host);
  }

  ShardHandle handle() {
    return ShardHandle.of(place, token);
  }

  /** Has the other one of the two follow this shard, whenever this one is the primary. */
  void replicateTo(ShardHandle replica, ServerConfig server) {
    other = replica;
    config = server;
    host.replicateTo(replica, server);
  }

  /** Where it listens, from now on if it did not before. */
  String listen() {
    return host.address().toString();
  }

  ShardStatus status() {
    return host.status();
  }

  /**
   * To be called now and then: the runtime starts an actor that has died at the next call.
   *
   * @throws ActorBrokenException if the shard's numbers cannot be had any more
   */
  void awake() {
    if (other != null && status().events().containsKey(ShardEvent.Kind.SHARD_LOST)) {
      throw new ActorBrokenException("the shard's numbers are lost", null);
    }
  }

  @Override
  public boolean snapshotDue() {
    return other != null;
  }

  @Override
  public Kept snapshot() {
    ShardHandle replica = other;
    ServerConfig server = config;
    if (replica == null || server == null) {
      throw new IllegalStateException("a shard without a replica does not come back");
    }
    return new Kept(handle(), host.listensAt(), replica, server);
  }

  @Override
  public void restore(Kept kept) {
    host.close(); // it would begin anew
    host = ShardHost.here(ParameterServer.replica(host.shard().setup()), token);
    try {
      Address address = kept.address();
      if (address != null) {
        host.listenAt(address);
      }
      replicateTo(kept.other(), kept.config());
    } catch (RuntimeException e) {
      host.close();
      throw e;
    }
    place = kept.own().place().orElse(place);
    place.present = host;
  }

  @Override
  public void close() {
    host.close();
  }
}
