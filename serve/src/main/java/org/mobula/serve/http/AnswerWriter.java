package org.mobula.serve.http;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelPromise;
import io.netty.handler.codec.http.HttpHeaderNames;
import io.netty.handler.codec.http.HttpHeaders;
import io.netty.handler.codec.http.HttpResponseStatus;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Answers to bytes: the head and a body that is not large in one buffer. */
@SuppressWarnings("FutureReturnValueIgnored") // a failed write ends the connection
final class AnswerWriter {
  private static final int MAX_COPIED_BYTES = 64 << 10;
  private static final int HEAD_BYTES = 256;

  private static final byte[] LINE_END = ascii("\r\n");
  private static final byte[] COLON = ascii(": ");
  private static final byte[] CONTENT_TYPE = ascii("content-type: ");
  private static final byte[] CONTENT_LENGTH = ascii("content-length: ");
  private static final byte[] CHUNKED = ascii("transfer-encoding: chunked\r\n");
  private static final byte[] CLOSE = ascii("connection: close\r\n");
  private static final byte[] KEEP_ALIVE = ascii("connection: keep-alive\r\n");
  private static final byte[] GZIP = ascii("content-encoding: gzip\r\n");
  private static final byte[] VARY_ENCODING = ascii("vary: accept-encoding\r\n");
  private static final byte[] TRACE_PARENT = ascii("traceparent: ");
  private static final byte[] ALLOW_ORIGIN = ascii("access-control-allow-origin: ");
  private static final byte[] EXPOSE_AND_VARY =
      ascii("access-control-expose-headers: *\r\nvary: origin\r\n");
  private static final byte[] CONTINUE = ascii("HTTP/1.1 100 Continue\r\n\r\n");

  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("'date: 'EEE, dd MMM yyyy HH:mm:ss 'GMT\r\n'", Locale.US)
          .withZone(ZoneOffset.UTC);

  private final HttpConfig config;
  private final Gate gate;
  private final byte[][] statusLines = new byte[600][];
  private volatile byte[] date = {};

  AnswerWriter(HttpConfig config, Gate gate) {
    this.config = config;
    this.gate = gate;
    for (int status = 200; status < statusLines.length; status++) {
      statusLines[status] = ascii("HTTP/1.1 " + HttpResponseStatus.valueOf(status) + "\r\n");
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(US_ASCII);
  }

  /** To be called each second: making the date for each answer costs more than the rest of it. */
  void setTime(Instant now) {
    date = ascii(DATE.format(now));
  }

  void writeContinue(ChannelHandlerContext context) {
    context.write(Unpooled.wrappedBuffer(CONTINUE), context.voidPromise());
  }

  /**
   * Writes, without a flush, and lets the request's body go when nothing needs it any more.
   *
   * @param closes whether it is the connection's last answer
   * @param afterwards called when it is sent; nothing for nobody
   * @return bytes
   */
  long write(
      Exchange exchange,
      boolean closes,
      ChannelHandlerContext context,
      @Nullable ChannelFutureListener afterwards) {
    int status = exchange.status();
    ByteBuffer[] parts = exchange.answerBody();
    long length = length(parts);
    boolean large = length >= config.compressFrom();
    ByteBuf packed = large ? compress(exchange, context) : null;
    if (packed != null) {
      length = packed.readableBytes();
    }
    boolean hasBody = status != 204 && status != 304;
    boolean sendsBody = hasBody && !exchange.isHead() && length > 0;
    boolean copies = packed == null && sendsBody && length <= MAX_COPIED_BYTES;

    ByteBuf out = context.alloc().directBuffer(HEAD_BYTES + (copies ? (int) length : 0));
    beginHead(exchange, out);
    if (hasBody) {
      out.writeBytes(CONTENT_LENGTH);
      writeDecimal(out, length);
      out.writeBytes(LINE_END);
    }
    if (packed != null) {
      out.writeBytes(GZIP);
    }
    if (large) {
      out.writeBytes(VARY_ENCODING);
    }
    endHead(exchange, closes, out);
    long written = out.readableBytes() + (sendsBody ? length : 0);
    if (copies) {
      for (ByteBuffer part : parts) {
        out.writeBytes(part.duplicate());
      }
    }

    boolean wraps = sendsBody && !copies && packed == null;
    if (!wraps) {
      exchange.releaseBody();
    }
    if (packed != null && sendsBody) {
      context.write(out, context.voidPromise());
      context.write(packed, promise(context, null, afterwards));
    } else if (wraps) {
      context.write(out, context.voidPromise());
      // The answer may be made of the request's own bytes.
      context.write(Unpooled.wrappedBuffer(parts), promise(context, exchange, afterwards));
    } else {
      if (packed != null) {
        packed.release();
      }
      context.write(out, promise(context, null, afterwards));
    }
    return written;
  }

  /**
   * Writes the head of a stream, without a flush, and lets the request's body go.
   *
   * @return bytes
   */
  long writeHead(Exchange exchange, boolean closes, ChannelHandlerContext context) {
    ByteBuf out = context.alloc().directBuffer(HEAD_BYTES);
    beginHead(exchange, out);
    if (!exchange.http10) {
      out.writeBytes(CHUNKED);
    }
    endHead(exchange, closes, out);
    exchange.releaseBody();
    int written = out.readableBytes();
    context.write(out, context.voidPromise());
    return written;
  }

  private void beginHead(Exchange exchange, ByteBuf out) {
    int status = exchange.status();
    out.writeBytes(statusLines[status]).writeBytes(date);
    if (status != 204 && status != 304 && !exchange.contentType().isEmpty()) {
      writeLine(out, CONTENT_TYPE, exchange.contentType());
    }
  }

  private void endHead(Exchange exchange, boolean closes, ByteBuf out) {
    HttpHeaders asked = exchange.headers();
    if (closes) {
      out.writeBytes(CLOSE);
    } else if (exchange.http10) {
      out.writeBytes(KEEP_ALIVE);
    }
    String trace = asked.get("traceparent");
    if (trace != null) {
      writeLine(out, TRACE_PARENT, trace);
    }
    String origin = gate.allowedOrigin(asked);
    if (origin != null) {
      writeLine(out, ALLOW_ORIGIN, origin);
      out.writeBytes(EXPOSE_AND_VARY);
    }
    for (Map.Entry<String, String> header : exchange.answerHeaders().entrySet()) {
      writeText(out, header.getKey());
      writeLine(out, COLON, header.getValue());
    }
    out.writeBytes(LINE_END);
  }

  private static ChannelPromise promise(
      ChannelHandlerContext context,
      @Nullable Exchange releases,
      @Nullable ChannelFutureListener afterwards) {
    if (releases == null && afterwards == null) {
      return context.voidPromise();
    }
    ChannelPromise promise = context.newPromise();
    if (releases != null) {
      promise.addListener(sent -> releases.releaseBody());
    }
    if (afterwards != null) {
      promise.addListener(afterwards);
    }
    return promise;
  }

  private static @Nullable ByteBuf compress(Exchange exchange, ChannelHandlerContext context) {
    boolean packedAlready = false;
    for (String name : exchange.answerHeaders().keySet()) {
      packedAlready |= name.equalsIgnoreCase("content-encoding");
    }
    HttpHeaders asked = exchange.headers();
    if (packedAlready || !Compression.acceptsGzip(asked.get(HttpHeaderNames.ACCEPT_ENCODING))) {
      return null;
    }
    try {
      return Compression.gzip(exchange.answerBody(), context.alloc());
    } catch (IOException e) {
      throw new AssertionError("a buffer in memory takes every byte", e);
    }
  }

  private static long length(ByteBuffer[] parts) {
    long length = 0;
    for (ByteBuffer part : parts) {
      length += part.remaining();
    }
    return length;
  }

  private static void writeLine(ByteBuf out, byte[] before, String value) {
    out.writeBytes(before);
    writeText(out, value);
    out.writeBytes(LINE_END);
  }

  /** Whatever is not visible becomes a space: a line break would let a value make headers. */
  private static void writeText(ByteBuf out, String text) {
    int length = text.length();
    out.ensureWritable(length);
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      out.writeByte(c < ' ' || c > '~' ? ' ' : c);
    }
  }

  private static void writeDecimal(ByteBuf out, long value) {
    if (value >= 10) {
      writeDecimal(out, value / 10);
    }
    out.writeByte('0' + (int) (value % 10));
  }
}
