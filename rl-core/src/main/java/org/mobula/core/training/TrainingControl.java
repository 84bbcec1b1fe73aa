package org.mobula.core.training;

import java.util.Map;
import java.util.Optional;
import org.mobula.core.policy.Policy;

/** What a listener may do with the run that it listens to, as long as that lasts. */
public interface TrainingControl {
  /**
   * Asks the run to end after the present iteration, with a checkpoint. May be called from any
   * thread.
   *
   * @param reason for a person to read
   */
  void stop(String reason);

  /**
   * The policy at this moment: a copy, which stays as it is while training goes on, and after. The
   * caller closes it.
   *
   * @throws IllegalStateException in another thread than the one that trains, or after the run
   */
  Policy policy();

  /**
   * What another trainer of the same configuration needs to go on from here, beside the parameters:
   * the {@linkplain Checkpoint#parts() parts of a checkpoint}.
   *
   * @param mostBytes that may be held in memory: a replay memory can be large
   * @return empty where there are more
   * @throws IllegalStateException in another thread than the one that trains, or after the run
   * @throws java.io.UncheckedIOException if a part cannot be saved
   */
  Optional<Map<String, byte[]>> parts(int mostBytes);
}
