package org.mobula.serve.grpc;

import io.grpc.util.AdvancedTlsX509KeyManager;
import io.grpc.util.CertificateUtils;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.net.ssl.X509KeyManager;
import org.mobula.serve.http.Tls;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The certificate as it is on disk. Each time that the files are read, the private key must be its
 * owner's alone.
 */
final class CertificateFiles {
  private static final Logger log = LoggerFactory.getLogger(CertificateFiles.class);

  private final Tls files;
  private final AdvancedTlsX509KeyManager keys = new AdvancedTlsX509KeyManager();
  private List<Object> stamp;

  /**
   * Reads the files.
   *
   * @throws IOException if they cannot be read, hold no certificate and key, or others may read the
   *     key
   */
  CertificateFiles(Tls files) throws IOException {
    this.files = files;
    stamp = files.stamp();
    load();
  }

  /** Always has the newest that could be read. */
  X509KeyManager keys() {
    return keys;
  }

  /** Reads the files again if they have changed. */
  void look() {
    try {
      List<Object> found = files.stamp();
      if (!found.equals(stamp)) {
        load();
        stamp = found;
        log.info("Certificate {} is read anew", files.certificates());
      }
    } catch (IOException | RuntimeException e) {
      // Files are often replaced one after the other: the next look may find both.
      log.warn("Certificate stays the one before: {}", e.getMessage());
    }
  }

  private void load() throws IOException {
    files.checkPrivateKey();
    try (InputStream certificates = Files.newInputStream(files.certificates());
        InputStream privateKey = Files.newInputStream(files.privateKey())) {
      X509Certificate[] chain = CertificateUtils.getX509Certificates(certificates);
      if (chain.length == 0) { // which would be taken
        throw new IOException("there is no certificate");
      }
      keys.updateIdentityCredentials(chain, CertificateUtils.getPrivateKey(privateKey));
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      throw new IOException(
          "%s and %s must be PEM files with certificates and a PKCS #8 key without a password: %s"
              .formatted(files.certificates(), files.privateKey(), e.getMessage()),
          e);
    }
  }
}
