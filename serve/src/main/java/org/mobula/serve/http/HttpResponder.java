package org.mobula.serve.http;

import java.nio.ByteBuffer;
import java.util.Map;

/** Takes the answer to one request. */
public interface HttpResponder {
  /**
   * Answers.
   *
   * @param status such as 200
   * @param contentType such as {@code application/json}
   * @param headers beside content type and length
   * @param body in parts that follow one another; not changed until it is sent
   */
  void send(int status, String contentType, Map<String, String> headers, ByteBuffer... body);
}
