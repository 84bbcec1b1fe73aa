package org.mobula.tune.report;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.mobula.tune.report.Canvas.Anchor;
import org.mobula.tune.report.Canvas.Font;
import org.mobula.tune.report.Canvas.Pen;
import org.mobula.tune.storage.TrialState;

/**
 * A rectangle between two axes. The colours are told apart by those who see few of them (Okabe and
 * Ito's and Tol's).
 */
record Plot(
    Canvas canvas, Scale across, Scale up, double left, double top, double right, double bottom) {
  static final int WHITE = 0xffffff;
  static final int INK = 0x222222;
  static final int GRAY = 0x666666;
  static final int GRID = 0xe4e4e4;
  static final int BLUE = 0x0072b2;
  static final int SKY = 0x56b4e9;
  static final int ORANGE = 0xe69f00;
  static final int VERMILION = 0xd55e00;
  static final int WINE = 0x882255;
  static final int SILVER = 0xb0b0b0;

  static final int WIDTH = 420;
  static final int HEIGHT = 300;
  static final Font TITLE = new Font(14, true, INK);
  static final Font LABEL = new Font(13, false, INK);
  static final Font TICK = new Font(12, false, GRAY);

  static final Map<TrialState, Integer> STATES =
      Map.of(
          TrialState.COMPLETE, BLUE,
          TrialState.PRUNED, ORANGE,
          TrialState.FAIL, WINE,
          TrialState.RUNNING, SKY,
          TrialState.WAITING, SILVER);

  /** From light to dark; legible on white. */
  private static final int[] SHADES = {
    0xcfd8a0, 0x9fcf8f, 0x63bf87, 0x35a783, 0x25848e, 0x31688e, 0x3e4989, 0x440154
  };

  /** In the middle of a chart of the usual size. */
  static Plot usual(Canvas canvas, Scale across, Scale up) {
    return new Plot(canvas, across, up, 62, 38, WIDTH - 14, HEIGHT - 44);
  }

  /** A colour from 0, light, to 1, dark. */
  static int shade(double share) {
    double place = Math.max(0, Math.min(1, share)) * (SHADES.length - 1);
    int index = (int) Math.min(place, SHADES.length - 2.0);
    int color = 0;
    for (int bits = 16; bits >= 0; bits -= 8) {
      double from = SHADES[index] >> bits & 0xff;
      double to = SHADES[index + 1] >> bits & 0xff;
      color |= (int) Math.round(from + (place - index) * (to - from)) << bits;
    }
    return color;
  }

  /** Cuts a text that is too wide. */
  static String fitted(String text, double width, Font font) {
    int characters = (int) Math.max(2, width / (0.56 * font.size()));
    if (text.codePointCount(0, text.length()) <= characters) {
      return text;
    }
    return text.substring(0, text.offsetByCodePoints(0, characters - 1)) + "…";
  }

  /** The end of a dotted name says more than its beginning. */
  static String tail(String name, double width) {
    String cut = fitted(name, width, LABEL);
    if (cut.equals(name)) {
      return name;
    }
    int kept = cut.codePointCount(0, cut.length()) - 1;
    int from = name.offsetByCodePoints(0, name.codePointCount(0, name.length()) - kept);
    return "…" + name.substring(from);
  }

  double x(double value) {
    return left + across.share(value) * (right - left);
  }

  double y(double value) {
    return bottom - up.share(value) * (bottom - top);
  }

  /** Grid, ticks and names. */
  void axes(String title, String acrossName, String upName) {
    canvas.text(TITLE, left - 50, 20, Anchor.START, 0, fitted(title, right - left + 50, TITLE));
    Pen grid = Pen.of(GRID, 1);
    double room = (right - left) / Math.max(1, across.ticks().size()) - 4;
    for (Scale.Tick tick : across.ticks()) {
      double x = x(tick.value());
      canvas.segment(grid, x, top, x, bottom);
      canvas.text(TICK, x, bottom + 15, Anchor.MIDDLE, 0, fitted(tick.label(), room, TICK));
    }
    for (Scale.Tick tick : up.ticks()) {
      double y = y(tick.value());
      canvas.segment(grid, left, y, right, y);
      canvas.text(TICK, left - 5, y + 4, Anchor.END, 0, fitted(tick.label(), left - 22, TICK));
    }
    canvas.line(
        Pen.of(GRAY, 1), new double[] {left, left, right}, new double[] {top, bottom, bottom});
    canvas.text(
        LABEL,
        (left + right) / 2,
        bottom + 34,
        Anchor.MIDDLE,
        0,
        fitted(acrossName, right - left, LABEL));
    canvas.text(
        LABEL, 13, (top + bottom) / 2, Anchor.MIDDLE, -90, fitted(upName, bottom - top, LABEL));
  }

  void line(Pen pen, List<double[]> points) {
    canvas.line(
        pen,
        points.stream().mapToDouble(point -> x(point[0])).toArray(),
        points.stream().mapToDouble(point -> y(point[1])).toArray());
  }

  /** Says what colours stand for, in one line below the title. */
  void legend(List<Map.Entry<String, Integer>> entries) {
    double x = left;
    for (Map.Entry<String, Integer> entry : entries) {
      canvas.rectangle(entry.getValue(), x, top - 12, 9, 9);
      canvas.text(TICK, x + 13, top - 4, Anchor.START, 0, entry.getKey());
      x += 25 + 7.2 * entry.getKey().length();
    }
  }

  /** Says in the middle that there is nothing. */
  static Chart empty(String title, String reason) {
    return new Chart(
        title,
        WIDTH,
        HEIGHT,
        canvas -> {
          canvas.text(TITLE, 12, 20, Anchor.START, 0, fitted(title, WIDTH - 24.0, TITLE));
          canvas.text(
              new Font(12, false, GRAY), WIDTH / 2.0, HEIGHT / 2.0, Anchor.MIDDLE, 0, reason);
        });
  }

  /**
   * The range from the best value to the worst, or to {@code times} the distance of the quantile if
   * that is nearer: a few bad trials do not press the others flat.
   */
  static double[] range(double[] losses, double quantile, double times) {
    double[] sorted = losses.clone();
    Arrays.sort(sorted);
    double best = sorted[0];
    double usual = sorted[(int) ((sorted.length - 1) * quantile)];
    double worst = sorted[sorted.length - 1];
    double limit = best + times * (usual - best);
    return new double[] {best, usual > best ? Math.min(worst, limit) : worst};
  }
}
