package org.mobula.serve.http;

import java.nio.ByteBuffer;

/**
 * An answer that comes part by part. It is asked for the next part when the client has taken most
 * of those before, and no longer once the client has gone: so it holds one part at a time.
 */
@FunctionalInterface
public interface PartSource {
  /**
   * Asks for the next part. Called in an event loop: it must not block.
   *
   * @param sink to be told once, from any thread
   */
  void next(Sink sink);

  /** Takes what {@link #next} was asked for. */
  interface Sink {
    /**
     * The next part.
     *
     * @param part not changed until it is sent
     */
    void part(ByteBuffer part);

    /** There is no other part. */
    void end();
  }
}
