package org.mobula.parameterserver;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.mobula.core.network.ParameterLayout;
import org.mobula.parameterserver.codec.CodecConfig;
import org.mobula.parameterserver.codec.CodecKind;
import org.mobula.parameterserver.shard.ShardLink;
import org.mobula.parameterserver.wire.Address;
import org.mobula.parameterserver.wire.LinkConfig;
import org.mobula.parameterserver.wire.ListenConfig;
import org.mobula.parameterserver.wire.ReconnectingShardLink;
import org.mobula.parameterserver.wire.Transport;

/** What a worker's links over sockets have in common; no thread is started before the first one. */
final class Connections implements AutoCloseable {
  private final LinkConfig config;
  private @Nullable Transport transport;

  /** Links for parameters of this layout, as the configuration says. */
  Connections(ServerConfig server, ParameterLayout layout) {
    CodecConfig gradients = server.codecConfig();
    // Values must all arrive: what top-k and int8 lose is made good by later gradients alone.
    CodecConfig values =
        switch (gradients.kind()) {
          case TOP_K, INT8 -> CodecConfig.of(CodecKind.FP32);
          case FP32, BF16, FP16 -> gradients;
        };
    LinkConfig plain = LinkConfig.of(layout).withCodecs(gradients, values);
    String file = server.tokenFile();
    LinkConfig known =
        file == null ? plain : plain.withToken(ListenConfig.readToken(Path.of(file)));
    String trusted = server.trustedCertificates();
    config = trusted == null ? known : known.withTls(Path.of(trusted));
  }

  /**
   * A link.
   *
   * @param token that the shard asks for; empty for the configuration's
   */
  synchronized ShardLink to(Address address, String token) {
    if (transport == null) {
      transport = Transport.open();
    }
    LinkConfig own = token.isEmpty() ? config : config.withToken(token);
    return new ReconnectingShardLink(transport, address, 0, own);
  }

  @Override
  public synchronized void close() {
    if (transport != null) {
      transport.close();
      transport = null;
    }
  }
}
