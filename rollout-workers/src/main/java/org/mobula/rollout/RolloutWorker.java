package org.mobula.rollout;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.Serializable;
import org.mobula.core.collection.RolloutCollector;
import org.mobula.core.experience.Rollout;
import org.mobula.core.policy.PolicySnapshot;
import org.mobula.core.training.ExperienceSetup;

/** The object of a worker's actor: environments, a copy of the policy and a random stream. */
final class RolloutWorker implements AutoCloseable {
  private final RolloutCollector collector;
  private boolean closed;

  /**
   * A worker whose environments have just been reset.
   *
   * @param index of the worker among {@code count}
   * @param restart how many workers this one replaces in its place
   */
  RolloutWorker(ExperienceSetup setup, int index, int count, int restart) {
    collector = setup.collector(index, count, restart);
  }

  /**
   * A worker's share.
   *
   * @param rollout valid until the worker's next collection
   * @param seconds that the collection took
   */
  record Part(Rollout rollout, double seconds) implements Serializable {}

  Part collect(PolicySnapshot policy) {
    long start = System.nanoTime();
    Rollout rollout = collector.collect(policy);
    return new Part(rollout, (System.nanoTime() - start) / 1e9);
  }

  byte[] state() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      collector.writeState(out);
    }
    return bytes.toByteArray();
  }

  void restore(byte[] state) throws IOException {
    try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(state))) {
      collector.readState(in);
    }
  }

  /** Called by the source, which waits for it, and once more by the runtime. */
  @Override
  public void close() {
    if (!closed) {
      closed = true;
      collector.close();
    }
  }
}
