package org.mobula.serve.http;

/** Answers HTTP requests. Called in an event loop: it must not block. */
@FunctionalInterface
public interface HttpHandler {
  /**
   * Takes a request.
   *
   * @param request whole; valid until the answer is given
   * @param responder to be called exactly once, from any thread
   */
  void handle(HttpRequest request, HttpResponder responder);
}
