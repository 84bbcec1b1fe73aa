package org.mobula.serve.http;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.LongSupplier;

/**
 * What all connections of a server share.
 *
 * @param clock nanoseconds, as {@link System#nanoTime}
 * @param draining whether the server is about to stop
 */
record Endpoint(
    HttpConfig config,
    HttpHandler handler,
    Gate gate,
    AnswerWriter writer,
    Counters counters,
    LongSupplier clock,
    AtomicBoolean draining) {}
