package org.mobula.core.runtime;

import java.io.Serializable;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A latch and a counter that survive serialisation inside one JVM, so that tests can meet their
 * tasks at known points.
 */
public final class Gate implements Serializable {
  private static final long serialVersionUID = 1L;
  private static final Map<String, CountDownLatch> LATCHES = new ConcurrentHashMap<>();
  private static final Map<String, AtomicLong> COUNTS = new ConcurrentHashMap<>();

  private final String id = UUID.randomUUID().toString();

  /** Opens after so many calls of {@link #open()}. */
  public Gate(int count) {
    LATCHES.put(id, new CountDownLatch(count));
    COUNTS.put(id, new AtomicLong());
  }

  public Gate() {
    this(1);
  }

  private CountDownLatch latch() {
    return LATCHES.computeIfAbsent(id, key -> new CountDownLatch(1));
  }

  private AtomicLong counter() {
    return COUNTS.computeIfAbsent(id, key -> new AtomicLong());
  }

  public void open() {
    latch().countDown();
  }

  public void await() throws InterruptedException {
    latch().await();
  }

  /** Counts down and waits for the others. */
  public void meet() throws InterruptedException {
    open();
    await();
  }

  public long add(long amount) {
    return counter().addAndGet(amount);
  }

  public long count() {
    return counter().get();
  }
}
