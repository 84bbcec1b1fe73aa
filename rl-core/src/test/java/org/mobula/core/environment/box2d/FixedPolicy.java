package org.mobula.core.environment.box2d;

import org.mobula.core.environment.Environment;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Box;
import org.mobula.core.space.Space;

/** Policies that learn nothing: those of {@code .ci/box2d_check.py}. */
abstract class FixedPolicy {
  /** Chooses the action. */
  abstract void act(float[] observation, float[] action);

  /** A policy for one episode. */
  static FixedPolicy of(
      String kind, String environment, Space actions, float[] constant, long seed) {
    return switch (kind) {
      case "random" -> new Chance(actions, seed);
      case "constant" -> new Constant(constant);
      case "heuristic" ->
          environment.startsWith("LunarLander")
              ? new Landing(actions instanceof Box)
              : new Walking();
      default -> throw new IllegalArgumentException(kind);
    };
  }

  /** What an episode brought: the sum of its rewards, and how many there were. */
  record Outcome(double sum, int length) {}

  /** Plays an episode. */
  Outcome play(Environment environment, long seed) {
    Step step = new Step(environment.observationSpace());
    float[] action = new float[environment.actionSpace().size()];
    environment.reset(Reset.seeded(seed), step.observation);
    double sum = 0;
    int length = 0;
    do {
      step.clear();
      act(step.observation, action);
      environment.step(action, step);
      sum += step.reward;
      length++;
    } while (!step.done());
    return new Outcome(sum, length);
  }

  private static final class Constant extends FixedPolicy {
    private final float[] constant;

    Constant(float[] constant) {
      this.constant = constant;
    }

    @Override
    void act(float[] observation, float[] action) {
      System.arraycopy(constant, 0, action, 0, action.length);
    }
  }

  private static final class Chance extends FixedPolicy {
    private final Space actions;
    private final Pcg64 random;

    Chance(Space actions, long seed) {
      this.actions = actions;
      this.random = new Pcg64(seed);
    }

    @Override
    void act(float[] observation, float[] action) {
      for (int i = 0; i < action.length; i++) {
        action[i] =
            actions instanceof Box
                ? (float) random.uniform(-1, 1)
                : random.integers(0, actions.maskSize());
      }
    }
  }

  /** The rules that Gymnasium shows its lander with. */
  private static final class Landing extends FixedPolicy {
    private final boolean continuous;

    Landing(boolean continuous) {
      this.continuous = continuous;
    }

    @Override
    void act(float[] seen, float[] action) {
      double angleGoal = Math.max(-0.4, Math.min(0.4, seen[0] * 0.5 + seen[2]));
      double turn = (angleGoal - seen[4]) * 0.5 - seen[5];
      double lift = (0.55 * Math.abs(seen[0]) - seen[1]) * 0.5 - seen[3] * 0.5;
      if (seen[6] != 0 || seen[7] != 0) {
        turn = 0;
        lift = -seen[3] * 0.5;
      }
      if (continuous) {
        action[0] = (float) Math.max(-1, Math.min(1, lift * 20 - 1));
        action[1] = (float) Math.max(-1, Math.min(1, -turn * 20));
      } else if (lift > Math.abs(turn) && lift > 0.05) {
        action[0] = 2;
      } else {
        action[0] = turn < -0.05 ? 3 : turn > 0.05 ? 1 : 0;
      }
    }
  }

  /** The rules that Gymnasium shows its walker with. */
  private static final class Walking extends FixedPolicy {
    private static final double SPEED = 0.29;
    private static final double SUPPORT = 0.1;

    private enum Phase {
      STAY_ON_ONE_LEG,
      PUT_OTHER_DOWN,
      PUSH_OFF
    }

    private Phase phase = Phase.STAY_ON_ONE_LEG;
    private int moving;
    private double supportingKnee = SUPPORT;

    @Override
    void act(float[] seen, float[] action) {
      int standing = 1 - moving;
      double[] hip = {Double.NaN, Double.NaN};
      double[] knee = {Double.NaN, Double.NaN};
      int movingAt = 4 + 5 * moving;
      int standingAt = 4 + 5 * standing;
      if (phase == Phase.STAY_ON_ONE_LEG) {
        hip[moving] = 1.1;
        knee[moving] = -0.6;
        supportingKnee += seen[2] > SPEED ? 0.06 : 0.03;
        supportingKnee = Math.min(supportingKnee, SUPPORT);
        knee[standing] = supportingKnee;
        if (seen[standingAt] < 0.10) {
          phase = Phase.PUT_OTHER_DOWN;
        }
      }
      if (phase == Phase.PUT_OTHER_DOWN) {
        hip[moving] = 0.1;
        knee[moving] = SUPPORT;
        knee[standing] = supportingKnee;
        if (seen[movingAt + 4] != 0) {
          phase = Phase.PUSH_OFF;
          supportingKnee = Math.min(seen[movingAt + 2], SUPPORT);
        }
      }
      if (phase == Phase.PUSH_OFF) {
        knee[moving] = supportingKnee;
        knee[standing] = 1.0;
        if (seen[standingAt + 2] > 0.88 || seen[2] > 1.2 * SPEED) {
          phase = Phase.STAY_ON_ONE_LEG;
          moving = 1 - moving;
        }
      }
      for (int leg = 0; leg < 2; leg++) {
        int at = 4 + 5 * leg;
        double turnHip = wanted(hip[leg]) ? 0.9 * (hip[leg] - seen[at]) - 0.25 * seen[at + 1] : 0;
        double turnKnee =
            wanted(knee[leg]) ? 4.0 * (knee[leg] - seen[at + 2]) - 0.25 * seen[at + 3] : 0;
        turnHip -= 0.9 * (0 - seen[0]) - 1.5 * seen[1];
        turnKnee -= 15.0 * seen[3];
        action[2 * leg] = (float) Math.max(-1, Math.min(1, 0.5 * turnHip));
        action[2 * leg + 1] = (float) Math.max(-1, Math.min(1, 0.5 * turnKnee));
      }
    }

    /** Gymnasium's rules take a target of 0 for none. */
    private static boolean wanted(double target) {
      return !Double.isNaN(target) && target != 0;
    }
  }
}
