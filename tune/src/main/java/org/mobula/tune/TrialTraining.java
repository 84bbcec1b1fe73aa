package org.mobula.tune;

import java.io.IOException;
import java.io.Serializable;
import org.mobula.core.training.Trainer;
import org.mobula.core.training.TrainingResult;
import org.mobula.core.training.config.TrainingConfig;

/**
 * Trains one trial with what its configuration asks for beside the trainer: rollout workers, a
 * parameter server. It travels to where the trial runs.
 *
 * <pre>{@code
 * TrialTraining training = (trial, config, trainer) ->
 *     trainer.experience(RolloutWorkers.on(runtime)).build().train();
 * }</pre>
 */
@FunctionalInterface
public interface TrialTraining extends Serializable {
  /**
   * Trains to the end, and has closed what it opened when it returns.
   *
   * @param trial whose number and directory name what is started for it
   * @param config the trial's
   * @param trainer of that configuration, with the trial's directory, checkpoint and environment
   */
  TrainingResult train(Trial trial, TrainingConfig config, Trainer.Builder trainer)
      throws IOException;
}
