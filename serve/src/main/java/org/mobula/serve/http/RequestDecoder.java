package org.mobula.serve.http;

import io.netty.buffer.ByteBuf;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http.HttpDecoderConfig;
import io.netty.handler.codec.http.HttpMessage;
import io.netty.handler.codec.http.HttpRequestDecoder;

/** Bytes to requests; tells the connection when bytes come, so that it knows who is slow. */
final class RequestDecoder extends HttpRequestDecoder {
  private static final int MAX_PIECE_BYTES = 1 << 20;

  private final Connection connection;

  RequestDecoder(Connection connection, HttpConfig config) {
    super(
        new HttpDecoderConfig()
            .setMaxInitialLineLength(config.requestLineLimit())
            .setMaxHeaderSize(config.headerLimit())
            .setMaxChunkSize(MAX_PIECE_BYTES));
    this.connection = connection;
  }

  @Override
  public void channelRead(ChannelHandlerContext context, Object message) throws Exception {
    if (message instanceof ByteBuf bytes) {
      connection.bytesCame(bytes.readableBytes());
    }
    super.channelRead(context, message);
  }

  /** Two lengths of one body: what a proxy takes for one request may be two here. */
  @Override
  protected void handleTransferEncodingChunkedWithContentLength(HttpMessage message) {
    throw new IllegalArgumentException("Transfer-Encoding beside Content-Length");
  }
}
