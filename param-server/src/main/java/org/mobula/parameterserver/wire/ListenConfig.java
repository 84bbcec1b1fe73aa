package org.mobula.parameterserver.wire;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.mobula.core.config.SecretFile;

/**
 * How a server treats connections.
 *
 * @param tokenText clients must have the same; empty for none, which only a loopback address or a
 *     Unix-domain socket allows
 * @param certificate PEM file with the certificate chain; null without TLS
 * @param privateKey PEM file with its PKCS #8 key; null without TLS
 * @param sliceRequests how many requests that move slices one connection may have unanswered: each
 *     may hold one slice in memory
 * @param smallRequests how many other requests
 * @param times when a connection counts as lost
 */
public record ListenConfig(
    String tokenText,
    @Nullable Path certificate,
    @Nullable Path privateKey,
    int sliceRequests,
    int smallRequests,
    WireTimes times) {
  /** With the rest of a handshake it fits a stranger's frame. */
  private static final int MOST_TOKEN_BYTES = 1024;

  /** Checks the ranges. */
  public ListenConfig {
    if ((certificate == null) != (privateKey == null)) {
      throw new IllegalArgumentException(
          "TLS needs both a certificate and its private key but only %s is given"
              .formatted(certificate == null ? "the private key" : "the certificate"));
    }
    if (sliceRequests < 1 || smallRequests < 1) {
      throw new IllegalArgumentException(
          "slice requests are %s and small requests %s but each must be ≥ 1"
              .formatted(sliceRequests, smallRequests));
    }
    checkToken(tokenText);
  }

  static void checkToken(String token) {
    if (token.getBytes(StandardCharsets.UTF_8).length > MOST_TOKEN_BYTES) {
      throw new IllegalArgumentException(
          "the token is longer than %s bytes: 32 random characters are enough"
              .formatted(MOST_TOKEN_BYTES));
    }
  }

  /** No token, no TLS, two slices and 64 small requests on their way. */
  public static ListenConfig defaults() {
    return new ListenConfig("", null, null, 2, 64, WireTimes.defaults());
  }

  /**
   * The token in a file, without the white space around it.
   *
   * @throws org.mobula.core.config.InvalidValueException if others than its owner may read the file
   */
  public static String readToken(Path file) {
    try {
      return SecretFile.read(file);
    } catch (IOException e) {
      throw new UncheckedIOException("the token cannot be read from " + file, e);
    }
  }

  /** With a token that clients must have. */
  public ListenConfig withToken(String text) {
    return new ListenConfig(text, certificate, privateKey, sliceRequests, smallRequests, times);
  }

  /** With TLS. */
  public ListenConfig withTls(Path certificateChain, Path key) {
    return new ListenConfig(tokenText, certificateChain, key, sliceRequests, smallRequests, times);
  }

  /** With other times. */
  public ListenConfig withTimes(WireTimes other) {
    return new ListenConfig(
        tokenText, certificate, privateKey, sliceRequests, smallRequests, other);
  }

  /** With other limits for the requests on their way. */
  public ListenConfig withRequests(int slices, int small) {
    return new ListenConfig(tokenText, certificate, privateKey, slices, small, times);
  }

  /** Without the token. */
  @Override
  public String toString() {
    return "ListenConfig[token=%s, certificate=%s, sliceRequests=%s, smallRequests=%s, times=%s]"
        .formatted(
            tokenText.isEmpty() ? "none" : "hidden",
            certificate,
            sliceRequests,
            smallRequests,
            times);
  }
}
