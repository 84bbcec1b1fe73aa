package org.mobula.core.metrics;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.mobula.core.metrics.MetricTable.Point;

/**
 * Mean episode return over environment steps as an SVG picture of 800 × 500: training as a line,
 * evaluations as dots.
 *
 * @param title above the picture
 * @param training mean return of training episodes
 * @param evaluations mean return of evaluations
 */
public record LearningCurve(String title, List<Point> training, List<Point> evaluations) {
  private static final int WIDTH = 800;
  private static final int HEIGHT = 500;
  private static final int LEFT = 80;
  private static final int RIGHT = 25;
  private static final int TOP = 50;
  private static final int BOTTOM = 60;
  private static final int MAX_POINTS = 700; // one a pixel; more only make the file long
  private static final int TICKS = 6;

  /** Copies the points. */
  public LearningCurve {
    training = List.copyOf(training);
    evaluations = List.copyOf(evaluations);
  }

  /** The curve of a run's {@code metrics.csv}. */
  public static LearningCurve read(Path csv, String title) {
    MetricTable table = MetricTable.read(csv);
    return new LearningCurve(
        title,
        table.points(MetricNames.ROLLOUT_EPISODE_RETURN_MEAN),
        table.points(MetricNames.EVALUATION_EPISODE_RETURN_MEAN));
  }

  /** Writes the picture, in place of one that may be there. */
  public void write(Path svg) {
    ReplacedFile.write(svg, svg());
  }

  /** The picture. */
  public String svg() {
    StringBuilder svg = new StringBuilder();
    line(svg, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    line(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" "
            + "font-family=\"Helvetica, Arial, DejaVu Sans, sans-serif\" font-size=\"14\" fill=\"#222\">",
        WIDTH,
        HEIGHT,
        WIDTH,
        HEIGHT);
    line(svg, "<title>%s</title>", escape(title));
    line(svg, "<rect width=\"%d\" height=\"%d\" fill=\"#fff\"/>", WIDTH, HEIGHT);
    text(svg, WIDTH / 2, 28, "middle", "font-size=\"18\"", title);
    if (training.isEmpty() && evaluations.isEmpty()) {
      text(svg, WIDTH / 2, HEIGHT / 2, "middle", "", "no episode has finished yet");
    } else {
      draw(svg);
    }
    return svg.append("</svg>\n").toString();
  }

  private void draw(StringBuilder svg) {
    List<Point> line = thinned(training);
    List<Point> all = Stream.of(line, evaluations).flatMap(List::stream).toList();
    Axis steps =
        Axis.of(0, all.stream().mapToDouble(Point::environmentSteps).max().orElse(1), TICKS);
    Axis returns =
        Axis.of(
            all.stream().mapToDouble(Point::value).min().orElse(0),
            all.stream().mapToDouble(Point::value).max().orElse(1),
            TICKS);
    for (double tick : steps.ticks()) {
      double x = x(steps, Math.round(tick));
      grid(svg, x, TOP, x, HEIGHT - BOTTOM);
      text(svg, x, HEIGHT - BOTTOM + 20, "middle", "", steps.label(tick));
    }
    for (double tick : returns.ticks()) {
      double y = y(returns, tick);
      grid(svg, LEFT, y, WIDTH - RIGHT, y);
      text(svg, LEFT - 10, y + 5, "end", "", returns.label(tick));
    }
    line(
        svg,
        "<path d=\"M%d %dV%dH%d\" fill=\"none\" stroke=\"#222\"/>",
        LEFT,
        TOP,
        HEIGHT - BOTTOM,
        WIDTH - RIGHT);
    text(svg, (LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - 15, "middle", "", "environment steps");
    int middle = (TOP + HEIGHT - BOTTOM) / 2;
    text(
        svg, 22, middle, "middle", "transform=\"rotate(-90 22 " + middle + ")\"", "episode return");
    if (!line.isEmpty()) {
      StringBuilder points = new StringBuilder();
      for (Point point : line) {
        points.append(
            format(" %.1f,%.1f", x(steps, point.environmentSteps()), y(returns, point.value())));
      }
      line(
          svg,
          "<polyline points=\"%s\" fill=\"none\" stroke=\"#1f5fa8\" stroke-width=\"2\" "
              + "stroke-linejoin=\"round\"/>",
          points.substring(1));
    }
    for (Point point : evaluations) {
      dot(svg, x(steps, point.environmentSteps()), y(returns, point.value()));
    }
    legend(svg);
  }

  private void legend(StringBuilder svg) {
    int x = LEFT;
    if (!training.isEmpty()) {
      line(svg, "<path d=\"M%d 41h24\" stroke=\"#1f5fa8\" stroke-width=\"2\"/>", x);
      text(svg, x + 30, 45, "start", "font-size=\"12\"", "training");
      x += 100;
    }
    if (!evaluations.isEmpty()) {
      dot(svg, x + 12, 41);
      text(svg, x + 22, 45, "start", "font-size=\"12\"", "evaluation");
    }
  }

  private static double x(Axis axis, long steps) {
    return LEFT + axis.share((double) steps) * (WIDTH - LEFT - RIGHT);
  }

  private static double y(Axis axis, double value) {
    return HEIGHT - BOTTOM - axis.share(value) * (HEIGHT - TOP - BOTTOM);
  }

  private static void grid(StringBuilder svg, double x1, double y1, double x2, double y2) {
    line(
        svg,
        "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#e4e4e4\"/>",
        x1,
        y1,
        x2,
        y2);
  }

  private static void dot(StringBuilder svg, double x, double y) {
    line(svg, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4\" fill=\"#c2410c\" stroke=\"#fff\"/>", x, y);
  }

  private static void text(
      StringBuilder svg, double x, double y, String anchor, String attributes, String text) {
    line(
        svg,
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" %s>%s</text>",
        x,
        y,
        anchor,
        attributes,
        escape(text));
  }

  private static void line(StringBuilder svg, String format, Object... arguments) {
    svg.append(format(format, arguments)).append('\n');
  }

  private static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }

  /** Drops the characters that XML cannot hold. */
  private static String escape(String text) {
    return text.replaceAll("[\\p{Cntrl}\\p{Cs}\uFFFE\uFFFF]", " ")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;");
  }

  /** Means of neighbours where there are more points than pixels. */
  private static List<Point> thinned(List<Point> points) {
    int together = (points.size() + MAX_POINTS - 1) / MAX_POINTS;
    if (together <= 1) {
      return points;
    }
    List<Point> means = new ArrayList<>();
    for (int from = 0; from < points.size(); from += together) {
      List<Point> bin = points.subList(from, Math.min(from + together, points.size()));
      long steps = bin.get(bin.size() - 1).environmentSteps();
      means.add(new Point(steps, bin.stream().mapToDouble(Point::value).average().orElseThrow()));
    }
    return means;
  }
}
