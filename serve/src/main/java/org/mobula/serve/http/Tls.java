package org.mobula.serve.http;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.mobula.core.config.InvalidValueException;
import org.mobula.core.config.SecretFile;

/**
 * Files with the server's certificate, read again when they change.
 *
 * @param certificates PEM file: the server's, then those that vouch for it
 * @param privateKey PEM file, PKCS #8, without a password
 */
public record Tls(Path certificates, Path privateKey) {
  /** Other than before if the files have changed. */
  public List<Object> stamp() throws IOException {
    return List.of(stamp(certificates), stamp(privateKey));
  }

  private static List<Object> stamp(Path file) throws IOException {
    BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
    return List.of(found.lastModifiedTime(), found.size(), String.valueOf(found.fileKey()));
  }

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
