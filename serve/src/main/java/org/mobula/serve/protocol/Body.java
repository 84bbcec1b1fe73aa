package org.mobula.serve.protocol;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;

/** Writes JSON into a buffer of its own. */
final class Body extends ByteArrayOutputStream {
  /** Empty, as the generator hands on what is not large in one piece, for which it is made then. */
  private Body() {
    super(0);
  }

  /** Writes something. */
  interface Writing {
    void write(JsonGenerator json) throws IOException;
  }

  static ByteBuffer of(Writing writing) {
    Body body = new Body();
    try (JsonGenerator json = Json.FACTORY.createGenerator(body)) {
      writing.write(json);
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory failed", e);
    }
    return ByteBuffer.wrap(body.buf, 0, body.count);
  }
}
