package org.mobula.cli.evaluate;

import java.io.PrintWriter;
import java.util.Optional;
import org.mobula.cli.output.CommandFailure;
import org.mobula.core.environment.Environment;
import org.mobula.core.rendering.Episode;

/** Shows episodes as characters: on a terminal at 30 frames a second, in a pipe at once. */
final class Playback implements Episode.Watcher {
  private static final long NANOS_PER_FRAME = 1_000_000_000 / 30;
  private static final String CLEAR_TO_END_OF_LINE = "\u001b[K";
  private static final String CLEAR_TO_END_OF_SCREEN = "\u001b[J";

  private final String name;
  private final boolean terminal;
  private final PrintWriter out;
  private long due;
  private int linesAbove;

  Playback(String name, boolean terminal, PrintWriter out) {
    this.name = name;
    this.terminal = terminal;
    this.out = out;
  }

  @Override
  public boolean see(Environment environment, Episode soFar) {
    if (soFar.length() == 0) {
      due = System.nanoTime();
      linesAbove = 0;
    } else if (terminal) {
      due += NANOS_PER_FRAME;
      sleepUntil(due);
    }
    show(environment.renderText());
    return true;
  }

  /** Draws a frame, on a terminal over the one before. */
  private void show(Optional<String> picture) {
    String frame =
        picture
                .orElseThrow(
                    () ->
                        CommandFailure.usage(
                            name + " has no picture in characters",
                            "Leave out --render to see its returns."))
                .stripTrailing()
            + "\n";
    if (terminal) {
      String up = linesAbove == 0 ? "" : "\r\u001b[" + linesAbove + "A";
      out.print(up + frame.replace("\n", CLEAR_TO_END_OF_LINE + "\n") + CLEAR_TO_END_OF_SCREEN);
    } else {
      out.println(frame);
    }
    out.flush();
    linesAbove = (int) frame.lines().count();
  }

  static void sleepUntil(long due) {
    try {
      Thread.sleep(Math.max(0, due - System.nanoTime()) / 1_000_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
