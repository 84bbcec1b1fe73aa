package org.mobula.tune;

import java.io.Serializable;

/**
 * What a study makes as small or as large as it can.
 *
 * <p>It runs in a thread, and perhaps a process, of its own: it must be serialisable, and what it
 * captures is copied.
 */
@FunctionalInterface
public interface Objective extends Serializable {
  /**
   * Evaluates one trial. When a {@linkplain Trial#report report} is answered by pause or stop, it
   * returns; the value does not count then.
   *
   * @return the trial's value; NaN is a failed trial
   * @throws Exception if it fails
   */
  double evaluate(Trial trial) throws Exception;
}
