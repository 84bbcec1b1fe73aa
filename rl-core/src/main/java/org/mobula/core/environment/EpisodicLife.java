package org.mobula.core.environment;

import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;

/**
 * Ends an episode where a life is lost, which shows a learner sooner what was wrong (Mnih et al.
 * 2015). The environment says by {@link #lives} how many are left.
 *
 * <p>The game goes on after a lost life: the reset after it takes one step of the action 0, as in
 * Stable-Baselines3's {@code EpisodicLifeEnv}; only a game that is over, or a reset with a seed,
 * begins another. With {@code newGame} each life that is lost ends the game, as Gymnasium's {@code
 * AtariPreprocessing} has it with {@code terminal_on_life_loss}.
 */
public final class EpisodicLife extends EnvironmentWrapper {
  private final boolean newGame;
  private final FixedActions actions;
  private int lives;
  private boolean over = true;

  /**
   * Ends the episodes of an environment with {@code Discrete} actions, of which the first does
   * nothing.
   *
   * @param newGame whether the game begins anew after each life
   */
  public EpisodicLife(Environment inner, boolean newGame) {
    super(inner);
    this.newGame = newGame;
    this.actions = new FixedActions(inner, "EpisodicLife", 1);
  }

  @Override
  public void reset(Reset reset, float[] observation) {
    if (over || newGame || reset.seed() != null || actions.step(0, observation)) {
      inner().reset(reset, observation);
    }
    over = false;
    lives = inner().lives();
    if (lives < 0) {
      throw new IllegalStateException(
          "EpisodicLife needs an environment that counts lives, but the lives of "
              + inner()
              + " are "
              + lives
              + "; override Environment.lives, or leave the wrapper out");
    }
  }

  @Override
  public void step(float[] action, Step step) {
    inner().step(action, step);
    over = step.done();
    int left = inner().lives();
    // Some games stay at no life for some frames before they are over, which is one end, not two.
    if (left < lives && (newGame || left > 0)) {
      step.terminated = true;
    }
    lives = left;
  }

  @Override
  protected void writeOwnState(DataOutput out) throws IOException {
    out.writeInt(lives);
    out.writeBoolean(over);
  }

  @Override
  protected void readOwnState(DataInput in) throws IOException {
    lives = in.readInt();
    over = in.readBoolean();
  }
}
