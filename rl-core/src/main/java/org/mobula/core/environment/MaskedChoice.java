package org.mobula.core.environment;

import java.util.List;
import java.util.Optional;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Dict;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.MultiDiscrete;
import org.mobula.core.space.Space;
import org.mobula.core.space.Tuple;

/** Draws the discrete parts of an action among those that a mask allows. */
public final class MaskedChoice {
  private final boolean[] mask;
  private final Pcg64 random;
  private final float[] action;
  private int maskAt;
  private int actionAt;
  private boolean stuck;

  private MaskedChoice(boolean[] mask, Pcg64 random, float[] action) {
    this.mask = mask;
    this.random = random;
    this.action = action;
  }

  /**
   * Draws the discrete parts of an action anew, uniformly among what is allowed.
   *
   * @param mask {@code space.maskSize()} flags, as {@link Environment#actionMask} tells them
   * @param action {@code space.size()} numbers, of which the discrete ones are overwritten
   * @return what is wrong with a mask that leaves no choice; empty where all is well
   */
  public static Optional<String> obey(Space space, boolean[] mask, Pcg64 random, float[] action) {
    MaskedChoice choice = new MaskedChoice(mask, random, action);
    choice.visit(space);
    return choice.stuck
        ? Optional.of("actionMask forbids every choice while the episode goes on")
        : Optional.empty();
  }

  private void visit(Space space) {
    if (space instanceof Discrete discrete) {
      draw(discrete.n());
    } else if (space instanceof MultiDiscrete choices) {
      for (int n : choices.nvec()) {
        draw(n);
      }
    } else if (space instanceof Tuple tuple) {
      visit(tuple.parts());
    } else if (space instanceof Dict dict) {
      visit(dict.parts());
    } else {
      actionAt += space.size();
    }
  }

  private void visit(List<Space> parts) {
    for (Space part : parts) {
      visit(part);
    }
  }

  private void draw(int n) {
    int allowed = 0;
    for (int i = 0; i < n; i++) {
      allowed += mask[maskAt + i] ? 1 : 0;
    }
    if (allowed == 0) {
      stuck = true;
    } else {
      int left = random.nextInt(allowed);
      for (int i = 0; i < n; i++) {
        if (mask[maskAt + i] && left-- == 0) {
          action[actionAt] = i;
        }
      }
    }
    maskAt += n;
    actionAt++;
  }
}
