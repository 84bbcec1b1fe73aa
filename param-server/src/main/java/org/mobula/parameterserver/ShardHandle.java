package org.mobula.parameterserver;

import java.io.Serializable;
import java.util.Optional;
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

  /** Where one shard after the other may be, in this JVM. */
  static final class Place {
    volatile ShardHost present;

    Place(ShardHost first) {
      present = first;
    }
  }

  private final @Nullable Address address;
  private final String token;
  private final transient @Nullable Place place;

  private ShardHandle(@Nullable Address address, String token, @Nullable Place place) {
    this.address = address;
    this.token = token;
    this.place = place;
  }

  /** The shard of this JVM that has the place at the time of each request. */
  static ShardHandle of(Place place, String token) {
    return new ShardHandle(null, token, place);
  }

  /** A shard of some process that listens there; its token is the configuration's. */
  static ShardHandle at(Address address) {
    return new ShardHandle(address, "", null);
  }

  /** Where the shard is found; empty if it is reached by an address. */
  Optional<Place> place() {
    return Optional.ofNullable(place);
  }

  /** For Java's serialisation. */
  private Object writeReplace() {
    return place == null ? this : new ShardHandle(place.present.address(), token, null);
  }

  ShardLink link(Connections connections) {
    Place here = place;
    if (here != null) {
      return new LocalShardLink(() -> here.present.shard());
    } else if (address == null) {
      throw new IllegalStateException("a handle must name a shard or its address");
    }
    return connections.to(address, token);
  }
}
