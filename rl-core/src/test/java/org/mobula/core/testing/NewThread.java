package org.mobula.core.testing;

import java.util.concurrent.Executor;

/**
 * Runs each task in a thread of its own. The common pool has one thread on two cores: a task that
 * waits there keeps from it what it waits for, such as an answer to an HTTP client on JDK 25.
 */
public enum NewThread implements Executor {
  EACH;

  @Override
  public void execute(Runnable task) {
    new Thread(task).start();
  }
}
