package org.mobula.core.rendering;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.mobula.core.environment.Environment;
import org.mobula.core.policy.Policy;

/**
 * Makes GIFs of episodes, at the pace of the environment's own time. A frame is written as soon as
 * it is drawn, so that memory is bounded however long the episode is.
 *
 * <pre>{@code
 * byte[] gif = EpisodeGif.defaults().record(environment, policy, 42);
 * }</pre>
 *
 * @param width in pixels
 * @param height in pixels
 * @param framesPerSecond at most; steps between are played but not drawn
 * @param caption whether step and return stand in the corner, left out where there is no font
 * @param maxSteps of an episode, after which the recording ends
 */
public record EpisodeGif(
    int width, int height, int framesPerSecond, boolean caption, int maxSteps) {
  /** How long the last state of an episode stands still, in hundredths of a second. */
  private static final int STILL = 100;

  /** Checks the numbers. */
  public EpisodeGif {
    Picture.requireSize(width, height);
    if (framesPerSecond < 1 || framesPerSecond > 50) {
      throw new IllegalArgumentException(
          "framesPerSecond is "
              + framesPerSecond
              + " but must be from 1 to 50, the most that browsers show of a GIF");
    }
    if (maxSteps < 1) {
      throw new IllegalArgumentException("maxSteps is " + maxSteps + " but must be >= 1");
    }
  }

  /** 600 by 400 pixels, at most 25 frames a second, with a caption, at most 10,000 steps. */
  public static EpisodeGif defaults() {
    return new EpisodeGif(Picture.WIDTH, Picture.HEIGHT, 25, true, 10_000);
  }

  /** With another size in pixels. */
  public EpisodeGif withSize(int width, int height) {
    return new EpisodeGif(width, height, framesPerSecond, caption, maxSteps);
  }

  /** With other most frames a second. */
  public EpisodeGif withFramesPerSecond(int framesPerSecond) {
    return new EpisodeGif(width, height, framesPerSecond, caption, maxSteps);
  }

  /** With or without step and return in the corner. */
  public EpisodeGif withCaption(boolean caption) {
    return new EpisodeGif(width, height, framesPerSecond, caption, maxSteps);
  }

  /** With another bound on the steps of an episode. */
  public EpisodeGif withMaxSteps(int maxSteps) {
    return new EpisodeGif(width, height, framesPerSecond, caption, maxSteps);
  }

  /** The GIF of the policy's episode that starts with this seed. */
  public byte[] record(Environment environment, Policy policy, long seed) {
    return record(environment, Player.of(policy), seed);
  }

  /** The GIF of the player's episode that starts with this seed. */
  public byte[] record(Environment environment, Player player, long seed) {
    ByteArrayOutputStream gif = new ByteArrayOutputStream();
    try {
      record(environment, player, seed, 1, gif);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return gif.toByteArray();
  }

  /**
   * Writes the GIF of episodes one after another.
   *
   * @param seed episode {@code i} starts with seed {@code seed + i}
   * @param out stays open
   * @return what was played
   * @throws UnsupportedOperationException if the environment does not draw itself
   */
  public List<Episode> record(
      Environment environment, Player player, long seed, int episodes, OutputStream out)
      throws IOException {
    List<Episode> played = new ArrayList<>();
    try (GifWriter gif = new GifWriter(out, width, height)) {
      for (int i = 0; i < episodes; i++) {
        played.add(
            Episode.play(
                environment,
                player,
                seed + i,
                (world, soFar) -> {
                  boolean last = soFar.over() || soFar.length() == maxSteps;
                  film(world, soFar, last, gif);
                  return !last;
                }));
      }
    }
    return played;
  }

  private void film(Environment environment, Episode soFar, boolean last, GifWriter gif)
      throws IOException {
    double seconds = environment.secondsPerStep();
    // The little less is for quotients such as 1 / (25 · 0.02) that fall beside a whole number.
    int stepsPerFrame = Math.max(1, (int) Math.ceil(1 / (framesPerSecond * seconds) - 1e-9));
    int step = soFar.length();
    if (last) {
      gif.add(frame(environment, soFar), STILL);
    } else if (step % stepsPerFrame == 0) {
      // Times are rounded, not durations, so that errors do not add up.
      long from = Math.round(step * seconds * 100);
      long to = Math.round((step + stepsPerFrame) * seconds * 100);
      gif.add(frame(environment, soFar), (int) Math.max(2, to - from));
    }
  }

  private BufferedImage frame(Environment environment, Episode soFar) {
    BufferedImage image = Picture.of(environment, width, height);
    if (caption) {
      write(
          image,
          String.format(
              Locale.ROOT, "step %d   return %.1f", soFar.length(), soFar.episodeReturn()));
    }
    return image;
  }

  private void write(BufferedImage image, String text) {
    Graphics2D graphics = Picture.smooth(image);
    try {
      graphics.setFont(new Font(Font.SANS_SERIF, Font.PLAIN, Math.max(11, height / 24)));
      graphics.setColor(Color.DARK_GRAY);
      int line = graphics.getFontMetrics().getAscent();
      graphics.drawString(text, line / 2, line + line / 3);
    } catch (RuntimeException | InternalError | LinkageError e) {
      // A machine without fonts, which each release of Java says in its own way: no caption then.
    } finally {
      graphics.dispose();
    }
  }
}
