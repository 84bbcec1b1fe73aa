package org.mobula.core.algorithm;

import java.io.Serializable;
import org.mobula.core.config.Constraints;
import org.mobula.core.config.Doc;
import org.mobula.core.config.Range;

/**
 * How a deterministic policy explores: what is added to its actions, in units where −1 and 1 are
 * the bounds. Noise that stays on one side for a while takes a system further than noise which
 * changes its mind at each step.
 */
public sealed interface ActionNoise extends Serializable {
  /** Each step is independent of the others. */
  record Gaussian(@Doc("standard deviation, typically 0.1") @Range(min = 0) double deviation)
      implements ActionNoise {
    /** Checks the value. */
    public Gaussian {
      Constraints.check(Gaussian.class, deviation);
    }

    /** A tenth of the way from the middle to the bound. */
    public static Gaussian defaults() {
      return new Gaussian(0.1);
    }
  }

  /**
   * A particle pulled back to zero (Uhlenbeck and Ornstein 1930): {@code x ← x − pull·dt·x +
   * deviation·√dt·N(0, 1)}, from zero at the start of an episode, as in Stable-Baselines3.
   */
  record OrnsteinUhlenbeck(
      @Doc("σ: how hard it is pushed, typically 0.1 to 0.5") @Range(min = 0) double deviation,
      @Doc("θ: how hard it is pulled back, typically 0.15") @Range(min = 0) double pull,
      @Doc("dt: time between two steps, typically 0.01") @Range(exclusiveMin = 0) double timeStep)
      implements ActionNoise {
    /** Checks the values. */
    public OrnsteinUhlenbeck {
      Constraints.check(OrnsteinUhlenbeck.class, deviation, pull, timeStep);
    }

    /** Those of Stable-Baselines3, with a deviation of 0.5. */
    public static OrnsteinUhlenbeck defaults() {
      return new OrnsteinUhlenbeck(0.5, 0.15, 1e-2);
    }
  }

  /**
   * As much power in each octave (Eberhard et al. 2023, "Pink noise is all you need"): between the
   * other two. It is a sum of particles that forget within 1, 4, 16, … 1,024 steps, so that it
   * needs no length of the episode beforehand.
   */
  record Pink(@Doc("standard deviation, typically 0.1 to 1") @Range(min = 0) double deviation)
      implements ActionNoise {
    /** Checks the value. */
    public Pink {
      Constraints.check(Pink.class, deviation);
    }

    /** Of deviation 0.3. */
    public static Pink defaults() {
      return new Pink(0.3);
    }
  }
}
