package org.mobula.parameterserver;

import java.io.Serializable;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.shard.LocalShardLink;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.wire.Address;

/**
 * How to reach a shard. In the JVM where the shard is, without a socket. When a handle is
 * serialised, as on its way to another JVM, the shard begins to listen: the copy knows where, and
 * the token.
 */
final class ShardHandle implements Serializable {
  private static final long serialVersionUID = 1L;

  private final @Nullable Address address;
  private final String token;
  private final transient @Nullable ShardHost host;

  private ShardHandle(@Nullable Address address, String token, @Nullable ShardHost host) {
    this.address = address;
    this.token = token;
    this.host = host;
  }

  /** A shard of this JVM. */
  static ShardHandle of(ShardHost host) {
    return new ShardHandle(null, host.token(), host);
  }

  /** A shard of some process that listens there; its token is the configuration's. */
  static ShardHandle at(Address address) {
    return new ShardHandle(address, "", null);
  }

  /** For Java's serialisation. */
  private Object writeReplace() {
    return host == null ? this : new ShardHandle(host.address(), token, null);
  }

  ShardLink link(Connections connections) {
    if (host != null) {
      return new LocalShardLink(host.shard());
    } else if (address == null) {
      throw new IllegalStateException("a handle must name a shard or its address");
    }
    return connections.to(address, token);
  }
}
