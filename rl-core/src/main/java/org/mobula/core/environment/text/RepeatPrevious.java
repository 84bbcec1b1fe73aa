package org.mobula.core.environment.text;

import java.awt.Color;
import java.awt.Graphics2D;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Optional;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Discrete;

/**
 * A shuffled deck is shown card by card, and the answer to each is the suit of the card so many
 * cards before (POPGym's RepeatPrevious, Morad et al. 2023).
 *
 * <p>Observed: the suit, 0 to 3. From the first card that has such a predecessor on, a right answer
 * is rewarded with {@code 1 / (cards - delay)} and a wrong one with as much less than 0: the return
 * is 1 at best, and -0.5 by chance. The episode ends with the deck. Reset option {@code delay} is
 * that of the episode.
 */
public final class RepeatPrevious extends TabularProblem {
  private static final int SUITS = 4;
  private static final int CARDS_OF_A_SUIT = 13;
  private static final int MAX_DECKS = 100;
  private static final int SHOWN = 9;

  private final int standardDelay;
  private final int[] cards;
  private int delay;
  private int place;

  /** One deck, and the suit of four cards before. */
  public RepeatPrevious() {
    this(4, 1);
  }

  /**
   * As many decks, and cards before, as told.
   *
   * @param delay how many cards before the present one the one to name was shown
   * @param decks of 52 cards, shuffled together
   */
  public RepeatPrevious(int delay, int decks) {
    super(new Discrete(SUITS), SUITS);
    if (decks < 1 || decks > MAX_DECKS) {
      throw new IllegalArgumentException(
          "decks is " + decks + " but must be from 1 to " + MAX_DECKS);
    }
    this.cards = new int[decks * SUITS * CARDS_OF_A_SUIT];
    this.standardDelay = requireDelay(delay);
  }

  private int requireDelay(double delay) {
    if (!(delay >= 0 && delay < cards.length)) {
      throw new IllegalArgumentException(
          "the delay is %s but must be from 0 to %s, one less than there are cards"
              .formatted(delay, cards.length - 1));
    }
    return (int) Math.round(delay);
  }

  @Override
  void start(Reset reset, Pcg64 random) {
    delay = requireDelay(option(reset, "delay", standardDelay));
    for (int i = 0; i < cards.length; i++) {
      cards[i] = i % SUITS;
    }
    random.shuffle(cards);
    place = 0;
  }

  @Override
  void observe(float[] observation) {
    observation[0] = cards[Math.min(place, cards.length - 1)];
  }

  @Override
  public void step(float[] action, Step step) {
    requireReset();
    if (place >= cards.length) {
      throw new IllegalStateException("the deck is at its end: reset before the next step");
    }
    int suit = choice(action[0]);
    if (place >= delay) {
      step.reward = (suit == cards[place - delay] ? 1.0 : -1.0) / (cards.length - delay);
    }
    place++;
    step.terminated = place == cards.length;
    observe(step.observation);
  }

  @Override
  void writeProblem(DataOutput out) throws IOException {
    out.writeInt(delay);
    out.writeInt(place);
    for (int card : cards) {
      out.writeByte(card);
    }
  }

  @Override
  void readProblem(DataInput in) throws IOException {
    delay = in.readInt();
    place = in.readInt();
    for (int i = 0; i < cards.length; i++) {
      cards[i] = in.readByte();
    }
  }

  @Override
  public Optional<String> renderText() {
    requireReset();
    int last = Math.min(place, cards.length - 1);
    StringBuilder shown = new StringBuilder();
    for (int i = Math.max(0, last - SHOWN + 1); i <= last; i++) {
      boolean asked = i == place - delay;
      shown.append(asked ? '[' : ' ').append("CDHS".charAt(cards[i])).append(asked ? ']' : ' ');
    }
    return Optional.of(
        shown
            + "\ncard %d of %d, asked for the one %d before\n"
                .formatted(last + 1, cards.length, delay));
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    requireReset();
    Color[] colours = {Cells.INK, Cells.YELLOW, Cells.RED, Cells.BLUE};
    int last = Math.min(place, cards.length - 1);
    Cells table = Cells.board(graphics, width, height, SHOWN, 4);
    table.box(0, 0, SHOWN, 4, Cells.GREEN);
    for (int i = 0; i < SHOWN && last - i >= 0; i++) {
      double column = SHOWN - 1.0 - i;
      table.box(1.3, column + 0.1, 0.8, 1.2, Cells.ICE);
      table.disc(1, SHOWN - 1 - i, 0.25, colours[cards[last - i]]);
    }
    table.number(2.8, 0.5, 0.6, Cells.INK, last + 1);
    table.finish();
    return true;
  }
}
