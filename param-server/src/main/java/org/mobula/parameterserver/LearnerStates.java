package org.mobula.parameterserver;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * The state of a learner beside the trainer as it was when its last iteration ended, known by the
 * version of the parameters then: the trainer's checkpoint of that version needs it. A learner can
 * be no further, as its next step waits for the trainer's gradient.
 */
final class LearnerStates {
  /** A larger state, as with a full replay memory, is not copied at the end of each iteration. */
  static final int MOST_BYTES = 64 << 20;

  /** In place of a version. */
  private static final long NONE = -1;

  private long endedAt = NONE;
  private byte[] state = {};
  private boolean collecting = true;
  private long pushingFrom = NONE;
  private boolean over;

  /** An iteration has ended; the next collection begins. */
  synchronized void ended(long version, byte[] newState) {
    endedAt = version;
    state = newState;
    collecting = true;
    notifyAll();
  }

  /** A gradient on this version is about to be pushed. */
  synchronized void pushes(long version) {
    collecting = false;
    pushingFrom = version;
    notifyAll();
  }

  synchronized void pushed() {
    pushingFrom = NONE;
  }

  /** The learner does nothing more. */
  synchronized void over() {
    over = true;
    notifyAll();
  }

  /**
   * The state at the end of the iteration whose last step gave this version. Waits for a learner
   * that has taken the step and is about to end its iteration, but for no other one: that may be
   * waiting for the caller.
   *
   * @return empty where no iteration of the learner ends there
   */
  synchronized byte[] at(long version, long patienceNanos) throws InterruptedException {
    long start = System.nanoTime();
    while (endedAt < version && !over && !collecting && (pushingFrom < version)) {
      long left = patienceNanos - (System.nanoTime() - start);
      if (left <= 0) {
        break;
      }
      TimeUnit.NANOSECONDS.timedWait(this, left);
    }
    return endedAt == version ? state : new byte[0];
  }

  /** A learner's seed and the parts of its checkpoint as one part of the run's. */
  static byte[] pack(long seed, Map<String, byte[]> parts) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      out.writeLong(seed);
      out.writeInt(parts.size());
      for (Map.Entry<String, byte[]> part : new TreeMap<>(parts).entrySet()) {
        out.writeUTF(part.getKey());
        out.writeInt(part.getValue().length);
        out.write(part.getValue());
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  /**
   * What was packed.
   *
   * @param seed that the learner had
   */
  record Packed(long seed, Map<String, byte[]> parts) {
    static Packed read(byte[] bytes) {
      Map<String, byte[]> parts = new TreeMap<>();
      try (DataInputStream in = new DataInputStream(new ByteArrayInputStream(bytes))) {
        long seed = in.readLong();
        int count = in.readInt();
        for (int i = 0; i < count; i++) {
          String name = in.readUTF();
          byte[] part = new byte[in.readInt()];
          in.readFully(part);
          parts.put(name, part);
        }
        return new Packed(seed, parts);
      } catch (IOException e) {
        throw new UncheckedIOException("a learner's state in the checkpoint is cut off", e);
      }
    }
  }
}
