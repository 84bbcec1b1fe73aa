package org.mobula.serve.http;

import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The certificate as it is on disk, looked at for new connections, at most every second. */
final class TlsContexts {
  private static final Logger log = LoggerFactory.getLogger(TlsContexts.class);
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final Tls files;
  private final LongSupplier clock;
  private long lookedNanos;
  private List<Object> stamp;
  private SslContext context;

  /**
   * Reads the files.
   *
   * @throws IOException if they cannot be read, or hold no certificate and key
   */
  TlsContexts(Tls files, LongSupplier clock) throws IOException {
    this.files = files;
    this.clock = clock;
    lookedNanos = clock.getAsLong();
    stamp = files.stamp();
    context = load();
  }

  /** The newest that could be read. */
  synchronized SslContext current() {
    long now = clock.getAsLong();
    if (now - lookedNanos >= LOOK_NANOS) {
      lookedNanos = now;
      reload();
    }
    return context;
  }

  private void reload() {
    try {
      List<Object> found = files.stamp();
      if (!found.equals(stamp)) {
        context = load();
        stamp = found;
        log.info("Certificate {} is read anew", files.certificates());
      }
    } catch (IOException e) {
      // Files are often replaced one after the other: the next look may find both.
      log.warn("Certificate stays the one before: {}", e.getMessage());
    }
  }

  private SslContext load() throws IOException {
    files.checkPrivateKey();
    try {
      return SslContextBuilder.forServer(files.certificates().toFile(), files.privateKey().toFile())
          .sslProvider(SslProvider.JDK)
          .protocols("TLSv1.3", "TLSv1.2")
          .build();
    } catch (IllegalArgumentException e) {
      throw new IOException(
          files.certificates()
              + " and "
              + files.privateKey()
              + " must be PEM files with certificates and a PKCS #8 key without a password: "
              + e.getMessage(),
          e);
    }
  }
}
