package org.mobula.core.training;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.mobula.core.environment.StepInProgress;
import org.mobula.core.environment.StepWatch;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks every second for steps that do not return, and warns of each that takes too long, once. */
final class Watchdog implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Watchdog.class);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final StepWatch watch;
  private final Supplier<List<StepInProgress>> present;
  private final CountDownLatch closed = new CountDownLatch(1);

  private Watchdog(Supplier<List<StepInProgress>> present, LongSupplier nanoClock) {
    this.present = present;
    this.watch = new StepWatch(nanoClock, PATIENCE);
  }

  /** Watches from now on, in a thread of its own. */
  static Watchdog start(Supplier<List<StepInProgress>> present, LongSupplier nanoClock) {
    Watchdog watchdog = new Watchdog(present, nanoClock);
    Thread thread = new Thread(watchdog::run, "step-watchdog");
    thread.setDaemon(true);
    thread.start();
    return watchdog;
  }

  private void run() {
    try {
      while (!closed.await(1, TimeUnit.SECONDS)) {
        for (StepInProgress step : watch.overdue(present.get())) {
          LOG.warn(
              "{} has not returned for {} s: training waits for it. Look where it blocks, such as a"
                  + " socket or a lock; workers.step-timeout restarts the worker of such a step",
              step,
              PATIENCE.toSeconds());
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    closed.countDown();
  }
}
