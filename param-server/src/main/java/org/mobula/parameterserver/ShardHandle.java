package org.mobula.parameterserver;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.shard.LocalShardLink;
import org.mobula.parameterserver.shard.Shard;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.wire.Address;

/**
 * How to reach a shard. In the JVM where the shard is, without a socket; a copy that has been
 * serialised, as on its way to another JVM, knows the address alone.
 */
final class ShardHandle implements Serializable {
  private static final long serialVersionUID = 1L;

  private final Address address;
  private final transient @Nullable Shard shard;

  private ShardHandle(Address address, @Nullable Shard shard) {
    this.address = address;
    this.shard = shard;
  }

  /** A shard of this JVM that listens there, too. */
  static ShardHandle of(Shard shard, Address address) {
    return new ShardHandle(address, shard);
  }

  /** A shard of some process that listens there. */
  static ShardHandle at(Address address) {
    return new ShardHandle(address, null);
  }

  Address address() {
    return address;
  }

  ShardLink link(Connections connections) {
    Shard here = shard;
    return here != null ? new LocalShardLink(here) : connections.to(address);
  }
}
