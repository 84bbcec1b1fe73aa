package org.mobula.core.training;

import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.environment.catalogue.EnvironmentCatalogue;
import org.mobula.core.experience.RecordedEpisodes;
import org.mobula.core.random.Pcg64;

/** Episodes to learn from, of controllers that were written by hand. */
public final class Recordings {
  private static final double GREATEST_TORQUE = 2;

  private Recordings() {}

  /** What acts; it draws its random numbers from what it is given. */
  @FunctionalInterface
  public interface Controller {
    /**
     * Writes an action.
     *
     * @return its log-probability, or NaN
     */
    float act(float[] observation, float[] action, Pcg64 random);
  }

  /** Plays episodes, the same for the same seed. */
  public static RecordedEpisodes play(String name, Controller controller, int episodes, long seed) {
    Pcg64 random = new Pcg64(seed);
    try (Environment environment = EnvironmentCatalogue.standard().factory(name).create()) {
      RecordedEpisodes.Builder recorded =
          RecordedEpisodes.builder(environment.observationSpace(), environment.actionSpace());
      Step step = new Step(environment.observationSpace());
      float[] observation = new float[environment.observationSpace().size()];
      float[] action = new float[environment.actionSpace().size()];
      for (int i = 0; i < episodes; i++) {
        environment.reset(i == 0 ? Reset.seeded(seed) : Reset.unseeded(), observation);
        recorded.start(observation);
        do {
          float logProbability = controller.act(observation, action, random);
          step.terminated = false;
          step.truncated = false;
          environment.step(action, step);
          recorded.step(
              action,
              logProbability,
              (float) step.reward,
              step.terminated,
              step.truncated,
              step.observation);
          System.arraycopy(step.observation, 0, observation, 0, observation.length);
        } while (!step.done());
      }
      return recorded.build();
    }
  }

  /** Balances the pole for 500 steps, but for a share of choices that are random. */
  public static Controller cartPole(double randomShare) {
    return (observation, action, random) -> {
      double lean =
          0.1 * observation[0] + 0.3 * observation[1] + 3 * observation[2] + observation[3];
      int best = lean > 0 ? 1 : 0;
      action[0] = random.nextDouble() < randomShare ? random.nextInt(2) : best;
      double probability = randomShare / 2 + (action[0] == best ? 1 - randomShare : 0);
      return (float) Math.log(probability);
    };
  }

  /** Swings the pendulum up by its energy and holds it there, with noise on the torque. */
  public static Controller pendulum(double noise) {
    return (observation, action, random) -> {
      double cosine = observation[0];
      double sine = observation[1];
      double speed = observation[2];
      double torque;
      if (cosine > 0.8) {
        torque = -10 * Math.atan2(sine, cosine) - 2 * speed;
      } else {
        double energy = speed * speed / 6 + 5 * (cosine - 1);
        torque = energy < 0 ? 2 * Math.signum(speed == 0 ? 1 : speed) : 0;
      }
      torque += noise * random.nextGaussian();
      action[0] = (float) Math.max(-GREATEST_TORQUE, Math.min(GREATEST_TORQUE, torque));
      return Float.NaN;
    };
  }

  /** Episodes of both, the former's first. */
  public static RecordedEpisodes both(RecordedEpisodes some, RecordedEpisodes others) {
    RecordedEpisodes.Builder all =
        RecordedEpisodes.builder(some.observationSpace(), some.actionSpace());
    some.episodes().forEach(all::add);
    others.episodes().forEach(all::add);
    return all.build();
  }
}
