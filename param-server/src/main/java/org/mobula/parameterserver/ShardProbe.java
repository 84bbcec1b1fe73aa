package org.mobula.parameterserver;

import java.nio.file.Path;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;
import org.mobula.parameterserver.shard.ShardStatus;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.LinkConfig;
import org.mobula.parameterserver.wire.ListenConfig;
import org.mobula.parameterserver.wire.ReconnectingShardLink;
import org.mobula.parameterserver.wire.Transport;

/** Asks a running shard how it fares, without being a worker or knowing the parameters. */
public final class ShardProbe {
  private ShardProbe() {}

  /**
   * The shard's own account.
   *
   * @param tokenFile the file with its token, if it has one
   * @param trusted PEM file with the certificates to trust, if it uses TLS
   * @throws org.mobula.parameterserver.shard.RefusedException if it turns the caller away
   * @throws org.mobula.parameterserver.shard.LinkLostException if it cannot be reached
   */
  public static ShardStatus ask(Address address, @Nullable Path tokenFile, @Nullable Path trusted) {
    LinkConfig plain =
        LinkConfig.health().withToken(tokenFile == null ? "" : ListenConfig.readToken(tokenFile));
    LinkConfig config = trusted == null ? plain : plain.withTls(trusted);
    try (Transport transport = Transport.open();
        ReconnectingShardLink link = new ReconnectingShardLink(transport, address, 0, config)) {
      return link.status().join();
    } catch (CompletionException e) {
      throw e.getCause() instanceof RuntimeException cause ? cause : e;
    }
  }
}
