package org.mobula.serve.http;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.ByteBufInputStream;
import io.netty.buffer.ByteBufOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.Locale;
import java.util.zip.Deflater;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.InflaterInputStream;
import org.jspecify.annotations.Nullable;

/** Bodies smaller on the wire. */
final class Compression {
  private static final int STEP_BYTES = 8 << 10;

  private Compression() {}

  static boolean isKnown(String encoding) {
    return switch (encoding.toLowerCase(Locale.ROOT)) {
      case "gzip", "x-gzip", "deflate", "identity" -> true;
      default -> false;
    };
  }

  /**
   * A new buffer with the body as it was before; nothing if it exceeds the limit.
   *
   * @throws IOException if the body is not what the encoding says
   */
  static @Nullable ByteBuf decompress(
      ByteBuf body, String encoding, int limit, ByteBufAllocator allocator) throws IOException {
    ByteBuf plain = allocator.directBuffer(Math.min(limit, 4 * body.readableBytes()));
    boolean whole = false;
    try (InputStream packed = new ByteBufInputStream(body.duplicate());
        InputStream in =
            encoding.equalsIgnoreCase("deflate")
                ? new InflaterInputStream(packed)
                : new GZIPInputStream(packed, STEP_BYTES)) {
      byte[] step = new byte[STEP_BYTES];
      for (int read; (read = in.read(step)) >= 0; ) {
        if (plain.readableBytes() + read > limit) {
          return null;
        }
        plain.writeBytes(step, 0, read);
      }
      whole = true;
      return plain;
    } finally {
      if (!whole) {
        plain.release();
      }
    }
  }

  /** Whether a client that says so takes gzip: {@code gzip;q=0} does not. */
  static boolean acceptsGzip(@Nullable String acceptEncoding) {
    if (acceptEncoding == null) {
      return false;
    }
    for (String choice : acceptEncoding.toLowerCase(Locale.ROOT).split(",", -1)) {
      String[] parts = choice.split(";", -1);
      String name = parts[0].strip();
      if (name.equals("gzip") || name.equals("x-gzip") || name.equals("*")) {
        return parts.length == 1 || !parts[1].strip().matches("q=0(\\.0*)?");
      }
    }
    return false;
  }

  /** A new buffer with the parts, compressed quickly rather than well. */
  static ByteBuf gzip(ByteBuffer[] parts, ByteBufAllocator allocator) throws IOException {
    ByteBuf packed = allocator.directBuffer();
    boolean whole = false;
    try (Gzip out = new Gzip(packed)) {
      byte[] step = new byte[STEP_BYTES];
      for (ByteBuffer part : parts) {
        ByteBuffer rest = part.duplicate();
        while (rest.hasRemaining()) {
          int length = Math.min(step.length, rest.remaining());
          rest.get(step, 0, length);
          out.write(step, 0, length);
        }
      }
      out.finish();
      whole = true;
      return packed;
    } finally {
      if (!whole) {
        packed.release();
      }
    }
  }

  private static final class Gzip extends GZIPOutputStream {
    Gzip(ByteBuf target) throws IOException {
      super(new ByteBufOutputStream(target), STEP_BYTES);
      def.setLevel(Deflater.BEST_SPEED);
    }
  }
}
