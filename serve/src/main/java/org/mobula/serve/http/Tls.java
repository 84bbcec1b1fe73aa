package org.mobula.serve.http;

import java.io.IOException;
import java.nio.file.Path;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.config.SecretFile;

/**
 * Files with the server's certificate, read again when they change.
 *
 * @param certificates PEM file: the server's, then those that vouch for it
 * @param privateKey PEM file, PKCS #8, without a password
 */
public record Tls(Path certificates, Path privateKey) {
  /**
   * Refuses a private key that others may read.
   *
   * @throws IOException if they may, or it cannot be looked at
   */
  public void checkPrivateKey() throws IOException {
    try {
      SecretFile.check(privateKey);
    } catch (InvalidValueException e) {
      throw new IOException(e.getMessage(), e);
    }
  }
}
