package org.mobula.parameterserver.wire;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import org.mobula.core.network.ParameterLayout;

/** SHA-256 over the names, shapes, offsets, groups and networks of a layout, in order. */
final class LayoutDigest {
  static final int BYTES = 32;

  private LayoutDigest() {}

  static byte[] of(ParameterLayout layout) {
    MessageDigest digest;
    try {
      digest = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
    number(digest, layout.entries().size());
    for (ParameterLayout.Entry entry : layout.entries()) {
      text(digest, entry.name());
      number(digest, entry.shape().size());
      entry.shape().forEach(dimension -> number(digest, dimension));
      number(digest, entry.offset());
      text(digest, entry.group());
      text(digest, entry.network());
    }
    return digest.digest();
  }

  private static void text(MessageDigest digest, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    number(digest, bytes.length);
    digest.update(bytes);
  }

  private static void number(MessageDigest digest, int number) {
    digest.update(ByteBuffer.allocate(Integer.BYTES).putInt(0, Integer.reverseBytes(number)));
  }
}
