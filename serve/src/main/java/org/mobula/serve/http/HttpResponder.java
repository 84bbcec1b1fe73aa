package org.mobula.serve.http;

import java.nio.ByteBuffer;
import java.util.Map;

/** Takes the answer to one request, whole or as a stream. */
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

  /**
   * Answers with a body whose length nobody knows yet, each part as soon as it is there.
   *
   * @param status such as 200
   * @param contentType such as {@code application/x-ndjson}
   * @param headers beside content type and transfer encoding
   * @param parts asked for one part after the other
   */
  void stream(int status, String contentType, Map<String, String> headers, PartSource parts);
}
