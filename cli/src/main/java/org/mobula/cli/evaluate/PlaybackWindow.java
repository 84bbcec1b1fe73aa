package org.mobula.cli.evaluate;

import java.awt.AWTError;
import java.awt.Dimension;
import java.awt.EventQueue;
import java.awt.Graphics;
import java.awt.GraphicsEnvironment;
import java.awt.HeadlessException;
import java.awt.image.BufferedImage;
import java.lang.reflect.InvocationTargetException;
import java.util.Locale;
import javax.swing.JComponent;
import javax.swing.JFrame;
import javax.swing.WindowConstants;
import org.jspecify.annotations.Nullable;
import org.mobula.cli.output.CommandFailure;
import org.mobula.core.environment.Environment;
import org.mobula.core.rendering.Episode;
import org.mobula.core.rendering.Picture;

/** Shows episodes in a window, in the environment's own time, until it is closed. */
final class PlaybackWindow implements Episode.Watcher, AutoCloseable {
  private static final long NANOS_PER_SECOND = 1_000_000_000;
  private static final long LONGEST_BETWEEN_FRAMES = NANOS_PER_SECOND / 20;

  private final String name;
  private final Screen screen = new Screen();
  private final JFrame frame;
  private long begin;
  private long drawn;

  private PlaybackWindow(String name) {
    this.name = name;
    frame = new JFrame(name);
    frame.setDefaultCloseOperation(WindowConstants.DISPOSE_ON_CLOSE);
    frame.add(screen);
    frame.pack();
    frame.setLocationRelativeTo(null);
    frame.setVisible(true);
  }

  /** Java says it in many ways: no display, one that does not answer, a JVM without windows. */
  static void requireDisplay() {
    try {
      GraphicsEnvironment.getLocalGraphicsEnvironment().getDefaultScreenDevice();
    } catch (HeadlessException | AWTError | LinkageError e) {
      throw CommandFailure.failed(
          "there is no display for a window",
          "Make a film instead: --video FILE.gif, or show characters: --render ansi.",
          e);
    }
  }

  static PlaybackWindow open(String name) {
    PlaybackWindow[] window = new PlaybackWindow[1];
    try {
      EventQueue.invokeAndWait(() -> window[0] = new PlaybackWindow(name));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    } catch (InvocationTargetException e) {
      throw new IllegalStateException(e.getCause());
    }
    return window[0];
  }

  @Override
  public boolean see(Environment environment, Episode soFar) {
    long now = System.nanoTime();
    if (soFar.length() == 0) {
      begin = now;
    }
    long due = begin + (long) (soFar.length() * environment.secondsPerStep() * NANOS_PER_SECOND);
    // Where drawing is too slow for the environment's time, it leaves out states.
    if (now <= due || now - drawn > LONGEST_BETWEEN_FRAMES || soFar.over()) {
      BufferedImage picture = Picture.of(environment, screen.wide(), screen.high());
      Playback.sleepUntil(due);
      drawn = System.nanoTime();
      show(picture, soFar);
    }
    if (soFar.over()) {
      Playback.sleepUntil(drawn + NANOS_PER_SECOND); // for a look at how it ended
    }
    return frame.isDisplayable();
  }

  private void show(BufferedImage picture, Episode soFar) {
    String title =
        String.format(
            Locale.ROOT, "%s: step %d, return %.1f", name, soFar.length(), soFar.episodeReturn());
    EventQueue.invokeLater(
        () -> {
          screen.picture = picture;
          screen.repaint();
          frame.setTitle(title);
        });
  }

  @Override
  public void close() {
    EventQueue.invokeLater(frame::dispose);
  }

  /** The last picture, as large as the window. */
  private static final class Screen extends JComponent {
    private static final long serialVersionUID = 1;

    private transient @Nullable BufferedImage picture;

    Screen() {
      setPreferredSize(new Dimension(Picture.WIDTH, Picture.HEIGHT));
    }

    int wide() {
      return Math.max(1, getWidth());
    }

    int high() {
      return Math.max(1, getHeight());
    }

    @Override
    protected void paintComponent(Graphics graphics) {
      graphics.drawImage(picture, 0, 0, getWidth(), getHeight(), null);
    }
  }
}
