package org.mobula.core.environment.text;

import java.awt.Graphics2D;
import java.io.DataInput;
import java.io.DataOutput;
import java.io.IOException;
import java.util.Optional;
import org.mobula.core.environment.Reset;
import org.mobula.core.environment.Step;
import org.mobula.core.random.Pcg64;
import org.mobula.core.space.Discrete;
import org.mobula.core.space.Tuple;

/**
 * A hand of cards is to come closer to 21 than the dealer's without going over: stick or hit
 * (actions 0 and 1), against a dealer who sticks at 17; Example 5.1 of Sutton and Barto. The rules
 * and random numbers are Gymnasium's Blackjack-v1. Cards are drawn with replacement.
 *
 * <p>Observed: the sum of the hand, the dealer's card that lies open (1 for an ace), and whether
 * the hand has an ace that counts 11. A game won is rewarded with 1, lost with -1, drawn with 0.
 */
public final class Blackjack extends TabularProblem {
  private static final String FACES = "A23456789T";
  private static final String COURT = "JQK";
  private static final String SUITS = "CDHS";

  private final boolean natural;
  private final boolean suttonBarto;
  private final Hand player = new Hand();
  private final Hand dealer = new Hand();
  private int suit;
  private char face = FACES.charAt(0);

  /** By the rules of Sutton and Barto. */
  public Blackjack() {
    this(false, true);
  }

  /**
   * With a choice of rules.
   *
   * @param natural whether a game won with an ace and a ten as first cards is rewarded with 1.5
   * @param suttonBarto whether such a hand wins against every other that the dealer comes to, even
   *     one of 21; then {@code natural} has no effect
   */
  public Blackjack(boolean natural, boolean suttonBarto) {
    super(Tuple.of(new Discrete(32), new Discrete(11), new Discrete(2)), 2);
    this.natural = natural;
    this.suttonBarto = suttonBarto;
  }

  /** Cards by what their sums depend on. */
  private static final class Hand {
    private int first;
    private int count;

    /** With each ace as 1. */
    private int sum;

    private boolean ace;

    void deal(Pcg64 random) {
      first = 0;
      count = 0;
      sum = 0;
      ace = false;
      draw(random);
      first = sum;
      draw(random);
    }

    void draw(Pcg64 random) {
      int card = Math.min(random.nextInt(13) + 1, 10); // jack, queen and king count 10
      count++;
      sum += card;
      ace |= card == 1;
    }

    boolean usableAce() {
      return ace && sum + 10 <= 21;
    }

    int total() {
      return usableAce() ? sum + 10 : sum;
    }

    boolean bust() {
      return total() > 21;
    }

    int score() {
      return bust() ? 0 : total();
    }

    boolean natural() {
      return count == 2 && ace && sum == 11;
    }

    void write(DataOutput out) throws IOException {
      out.writeInt(first);
      out.writeInt(count);
      out.writeInt(sum);
      out.writeBoolean(ace);
    }

    void read(DataInput in) throws IOException {
      first = in.readInt();
      count = in.readInt();
      sum = in.readInt();
      ace = in.readBoolean();
    }
  }

  @Override
  void start(Reset reset, Pcg64 random) {
    dealer.deal(random);
    player.deal(random);
    // What the card looks like is drawn, too, from the same random numbers.
    suit = random.nextInt(SUITS.length());
    face =
        dealer.first == 10
            ? COURT.charAt(random.nextInt(COURT.length()))
            : FACES.charAt(dealer.first - 1);
  }

  @Override
  void observe(float[] observation) {
    observation[0] = player.total();
    observation[1] = dealer.first;
    observation[2] = player.usableAce() ? 1 : 0;
  }

  @Override
  public void step(float[] action, Step step) {
    Pcg64 random = random();
    if (choice(action[0]) == 1) {
      player.draw(random);
      step.terminated = player.bust();
      step.reward = player.bust() ? -1 : 0;
    } else {
      while (dealer.total() < 17) {
        dealer.draw(random);
      }
      step.terminated = true;
      step.reward = Integer.compare(player.score(), dealer.score());
      if (player.natural()) {
        if (suttonBarto) {
          step.reward = dealer.natural() ? step.reward : 1;
        } else if (natural && step.reward == 1) {
          step.reward = 1.5;
        }
      }
    }
    observe(step.observation);
  }

  @Override
  void writeProblem(DataOutput out) throws IOException {
    player.write(out);
    dealer.write(out);
    out.writeInt(suit);
    out.writeChar(face);
  }

  @Override
  void readProblem(DataInput in) throws IOException {
    player.read(in);
    dealer.read(in);
    suit = in.readInt();
    face = in.readChar();
  }

  /** The dealer's cards as far as they are known: the second is seen when the game is over. */
  private String dealerHand() {
    return "%s%s".formatted(face, SUITS.charAt(suit));
  }

  private String playerHand() {
    return "%d in %d cards%s"
        .formatted(player.total(), player.count, player.usableAce() ? ", an ace counts 11" : "");
  }

  @Override
  public Optional<String> renderText() {
    requireReset();
    return Optional.of("dealer shows " + dealerHand() + "\nplayer has " + playerHand() + "\n");
  }

  @Override
  public boolean draw(Graphics2D graphics, int width, int height) {
    requireReset();
    Cells table = Cells.board(graphics, width, height, 6, 5);
    table.box(0, 0, 6, 5, Cells.GREEN);
    table.box(0.4, 0.4, 1.3, 1.8, Cells.ICE);
    boolean red = SUITS.charAt(suit) == 'D' || SUITS.charAt(suit) == 'H';
    table.number(1, 0.55, 0.6, red ? Cells.RED : Cells.INK, dealer.first);
    for (int card = 1; card < dealer.count; card++) {
      table.box(0.4, 1.4 + 0.5 * card, 1.3, 1.8, Cells.BLUE);
    }
    for (int card = 0; card < player.count; card++) {
      table.box(2.8, 0.4 + 0.5 * card, 1.3, 1.8, Cells.ICE);
    }
    table.number(3.4, 0.55, 0.6, Cells.INK, player.total());
    if (player.usableAce()) {
      table.disc(4, 0, 0.12, Cells.RED);
    }
    table.finish();
    return true;
  }
}
