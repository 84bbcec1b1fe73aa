package org.mobula.core.parquet;

import io.airlift.compress.Decompressor;
import io.airlift.compress.lz4.Lz4Decompressor;
import io.airlift.compress.zstd.ZstdDecompressor;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.zip.GZIPInputStream;
import org.apache.parquet.format.CompressionCodec;

/** What a page was before it was compressed. */
final class Decompression {
  private Decompression() {}

  /**
   * Decompresses the bytes from an offset to the end.
   *
   * @param size which the page must then have
   * @throws IOException if it has not, or is compressed in a way that is not read
   */
  static byte[] of(CompressionCodec codec, byte[] bytes, int offset, int size) throws IOException {
    int length = bytes.length - offset;
    if (size < 0 || length < 0) {
      throw new IOException("a page of %s bytes has %s to read".formatted(size, length));
    } else if (size == 0) {
      return new byte[0];
    }
    byte[] page =
        switch (codec) {
          case UNCOMPRESSED -> Arrays.copyOfRange(bytes, offset, bytes.length);
          case SNAPPY -> Snappy.decompress(bytes, offset, size);
          case GZIP ->
              new GZIPInputStream(new ByteArrayInputStream(bytes, offset, length)).readNBytes(size);
          case ZSTD -> with(new ZstdDecompressor(), bytes, offset, size);
          case LZ4_RAW -> with(new Lz4Decompressor(), bytes, offset, size);
          case LZO, BROTLI, LZ4 ->
              throw new IOException(
                  "it is compressed by %s, which is not read; write it with snappy, gzip, zstd or none"
                      .formatted(codec));
        };
    if (page.length != size) {
      throw new IOException("a page has %s bytes, not %s".formatted(page.length, size));
    }
    return page;
  }

  private static byte[] with(Decompressor decompressor, byte[] bytes, int offset, int size) {
    byte[] page = new byte[size];
    int written =
        decompressor.decompress(bytes, offset, bytes.length - offset, page, 0, page.length);
    return written == size ? page : Arrays.copyOf(page, written);
  }
}
