package org.mobula.rollout;

import java.io.Serializable;
import java.util.function.LongPredicate;
import org.mobula.core.environment.Environment;
import org.mobula.core.environment.EnvironmentFactory;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Space;

/** Noise, in episodes of ten steps, that does something at one step of one episode. */
final class FragileEnvironment implements Environment {
  private static final int LENGTH = 10;

  /** What happens then. */
  interface Accident extends Serializable {
    void happen(Step step) throws Exception;
  }

  /** Seeds that it happens to. */
  interface Seeds extends LongPredicate, Serializable {}

  private final Seeds unlucky;
  private final int accidentStep;
  private final Accident accident;
  private Pcg64 random = new Pcg64(0);
  private boolean doomed;
  private int stepsSinceSeed;
  private int episodeSteps;

  private FragileEnvironment(Seeds unlucky, int accidentStep, Accident accident) {
    this.unlucky = unlucky;
    this.accidentStep = accidentStep;
    this.accident = accident;
  }

  /** The accident happens at that step since the environment was given an unlucky seed. */
  static EnvironmentFactory factory(Seeds unlucky, int accidentStep, Accident accident) {
    return () -> new FragileEnvironment(unlucky, accidentStep, accident);
  }

  /** Throws at that step since an unlucky seed. */
  static EnvironmentFactory throwing(Seeds unlucky, int accidentStep) {
    return factory(
        unlucky,
        accidentStep,
        step -> {
          throw new IllegalStateException("the floor gave way");
        });
  }

  @Override
  public Space observationSpace() {
    return Box.of(-1, 1, 2);
  }

  @Override
  public Space actionSpace() {
    return new Discrete(2);
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    random = reset.random(random);
    Long seed = reset.seed();
    if (seed != null) {
      doomed = unlucky.test(seed);
      stepsSinceSeed = 0;
    }
    episodeSteps = 0;
    observe(observation);
  }

  @Override
  public void step(float[] action, Step step) {
    stepsSinceSeed++;
    episodeSteps++;
    step.reward = action[0];
    step.terminated = episodeSteps == LENGTH;
    observe(step.observation);
    if (doomed && stepsSinceSeed == accidentStep) {
      try {
        accident.happen(step);
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private void observe(float[] observation) {
    for (int i = 0; i < observation.length; i++) {
      observation[i] = (float) random.uniform(-1, 1);
    }
  }
}
