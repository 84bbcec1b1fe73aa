package org.mobula.serve.http;

import java.io.IOException;
import java.util.Map;

/**
 * A server that echoes, to be driven from outside:
 *
 * <pre>
 * wrk -t1 -c64 -d15 -s echo.lua http://127.0.0.1:8080/echo
 * echo.lua: wrk.method = "POST"; wrk.body = string.rep("x", 50)
 * </pre>
 */
final class HttpBenchmark {
  private HttpBenchmark() {}

  /**
   * Listens until the process ends.
   *
   * @param args port, event loops
   */
  public static void main(String[] args) throws IOException, InterruptedException {
    HttpConfig config =
        HttpConfig.onLoopback(Integer.parseInt(args[0])).withEventLoops(Integer.parseInt(args[1]));
    HttpHandler echo =
        (request, responder) -> responder.send(200, "text/plain", Map.of(), request.body());
    HttpServer.start(config, echo);
    Thread.currentThread().join();
  }
}
