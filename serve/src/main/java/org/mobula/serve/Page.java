package org.mobula.serve;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Map;
import org.mobula.serve.http.HttpResponder;

/**
 * The page at {@code /}: one file, whose script asks the server's other paths. Its policy lets
 * nothing run but that script.
 *
 * @param html UTF-8
 * @param policy the header {@code Content-Security-Policy}
 */
record Page(ByteBuffer html, String policy) {

  static Page read() {
    byte[] bytes = resource("page.html");
    String text = new String(bytes, StandardCharsets.UTF_8);
    String policy =
        "default-src 'none'; script-src 'sha256-%s'; style-src 'sha256-%s'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
            .formatted(hash(text, "script"), hash(text, "style"));
    return new Page(ByteBuffer.wrap(bytes), policy);
  }

  static byte[] resource(String name) {
    try (InputStream in = Page.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException(name + " is missing beside the classes; build again");
      }
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(name + " cannot be read", e);
    }
  }

  /** Of what is within the only element of that name. */
  private static String hash(String text, String element) {
    String open = "<" + element + ">";
    String inner =
        text.substring(text.indexOf(open) + open.length(), text.indexOf("</" + element + ">"));
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      return Base64.getEncoder()
          .encodeToString(digest.digest(inner.getBytes(StandardCharsets.UTF_8)));
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every JVM has SHA-256", e);
    }
  }

  void send(HttpResponder responder) {
    responder.send(
        200,
        "text/html; charset=utf-8",
        Map.of(
            "Content-Security-Policy", policy,
            "X-Content-Type-Options", "nosniff",
            "X-Frame-Options", "DENY",
            "Referrer-Policy", "no-referrer",
            "Cross-Origin-Opener-Policy", "same-origin",
            "Cache-Control", "no-cache"),
        html.duplicate());
  }
}
