package org.mobula.core.distribution;

import java.util.Arrays;

/** Forbids choices by lowering their logits. */
public final class ActionMask {
  /**
   * The logit of a forbidden choice. So low that its probability is exactly zero beside any
   * sensible logit: it is never drawn, and since its derivatives, [i = a] − p(i) and −p(i)·(log
   * p(i) + H), both carry p(i) as a factor or p(i) alone, no gradient reaches the network through
   * it. Finite, because −∞ would turn the entropy's 0·log 0 into NaN.
   */
  public static final float FORBIDDEN_LOGIT = -1e30f;

  private ActionMask() {}

  /**
   * Lowers the logits of one choice.
   *
   * @param logits {@code count} numbers at {@code offset}, changed where not allowed
   * @param mask true where allowed, {@code count} flags at {@code maskOffset}
   * @throws IllegalArgumentException if nothing is allowed
   */
  public static void apply(float[] logits, int offset, boolean[] mask, int maskOffset, int count) {
    boolean anyAllowed = false;
    for (int i = 0; i < count; i++) {
      if (mask[maskOffset + i]) {
        anyAllowed = true;
      } else {
        logits[offset + i] = FORBIDDEN_LOGIT;
      }
    }
    if (!anyAllowed) {
      throw new IllegalArgumentException(
          "the action mask "
              + Arrays.toString(Arrays.copyOfRange(mask, maskOffset, maskOffset + count))
              + " allows none of the "
              + count
              + " choices; allow at least one in every observation, such as one that does nothing");
    }
  }

  /**
   * Lowers the logits of several choices one after another, as {@link MultiCategorical} lays them
   * out; each needs something allowed.
   *
   * @param sizes number of alternatives of each choice
   */
  public static void applyEach(
      float[] logits, int offset, boolean[] mask, int maskOffset, int[] sizes) {
    int from = 0;
    for (int size : sizes) {
      apply(logits, offset + from, mask, maskOffset + from, size);
      from += size;
    }
  }
}
