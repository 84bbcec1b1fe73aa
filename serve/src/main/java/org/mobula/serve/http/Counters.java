package org.mobula.serve.http;

import java.util.concurrent.atomic.LongAdder;

/** Counts from many threads. */
final class Counters {
  private final LongAdder successes = new LongAdder();
  private final LongAdder clientErrors = new LongAdder();
  private final LongAdder serverErrors = new LongAdder();
  private final LongAdder abandoned = new LongAdder();
  private final LongAdder received = new LongAdder();
  private final LongAdder sent = new LongAdder();
  private final LongAdder accepted = new LongAdder();
  private final LongAdder closed = new LongAdder();
  private final LongAdder refused = new LongAdder();

  void received(int bytes) {
    received.add(bytes);
  }

  void answered(int status, long bytes) {
    (status < 400 ? successes : status < 500 ? clientErrors : serverErrors).increment();
    sent.add(bytes);
  }

  void abandoned(int requests) {
    abandoned.add(requests);
  }

  void opened() {
    accepted.increment();
  }

  void closed() {
    closed.increment();
  }

  void refused() {
    refused.increment();
  }

  HttpCounters read() {
    // Closed before accepted, so that never more are closed than were opened.
    long gone = closed.sum();
    long all = accepted.sum();
    return new HttpCounters(
        successes.sum(),
        clientErrors.sum(),
        serverErrors.sum(),
        abandoned.sum(),
        received.sum(),
        sent.sum(),
        all,
        all - gone,
        refused.sum());
  }
}
