package org.mobula.tune.report;

import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Writes SVG. Marks alike that follow each other share a group, which keeps the text short. */
final class SvgCanvas implements Canvas {
  private final StringBuilder svg = new StringBuilder();
  private String group = "";

  SvgCanvas(String title, int width, int height) {
    svg.append("<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" width=\"")
        .append(width)
        .append("\" height=\"")
        .append(height)
        .append("\" viewBox=\"0 0 ")
        .append(width)
        .append(' ')
        .append(height)
        .append(
            "\" font-family=\"Helvetica, Arial, DejaVu Sans, sans-serif\" stroke-linejoin=\"round\">\n<title>")
        .append(escape(title))
        .append("</title>\n");
  }

  @Override
  public void line(Pen pen, double[] x, double[] y) {
    group(
        "fill=\"none\" stroke=\"%s\" stroke-width=\"%s\"%s%s"
            .formatted(
                color(pen.color()),
                number(pen.width()),
                opacity("stroke-opacity", pen.opacity()),
                pen.dashed() ? " stroke-dasharray=\"4 3\"" : ""));
    svg.append("<path d=\"");
    path(x, y);
    svg.append("\"/>\n");
  }

  @Override
  public void polygon(int color, double[] x, double[] y) {
    group("fill=\"" + color(color) + "\"");
    svg.append("<path d=\"");
    path(x, y);
    svg.append("Z\"/>\n");
  }

  @Override
  public void disc(
      int color, double opacity, double x, double y, double radius, @Nullable String note) {
    group(
        "fill=\"%s\"%s stroke=\"#fff\" stroke-width=\"0.5\""
            .formatted(color(color), opacity("fill-opacity", opacity)));
    svg.append("<circle cx=\"")
        .append(number(x))
        .append("\" cy=\"")
        .append(number(y))
        .append("\" r=\"")
        .append(number(radius));
    if (note == null) {
      svg.append("\"/>\n");
    } else {
      svg.append("\"><title>").append(escape(note)).append("</title></circle>\n");
    }
  }

  @Override
  public void text(Font font, double x, double y, Anchor anchor, double angle, String text) {
    group(
        "fill=\"%s\" font-size=\"%s\"%s text-anchor=\"%s\""
            .formatted(
                color(font.color()),
                number(font.size()),
                font.bold() ? " font-weight=\"bold\"" : "",
                anchor.name().toLowerCase(Locale.ROOT)));
    String place = number(x) + "\" y=\"" + number(y) + "\"";
    if (angle != 0) {
      place += " transform=\"rotate(%s %s %s)\"".formatted(number(angle), number(x), number(y));
    }
    svg.append("<text x=\"").append(place).append('>').append(escape(text)).append("</text>\n");
  }

  /** The whole picture; nothing can be drawn after it. */
  String finish() {
    group("");
    return svg.append("</svg>\n").toString();
  }

  private void group(String attributes) {
    if (!attributes.equals(group)) {
      svg.append(group.isEmpty() ? "" : "</g>\n");
      svg.append(attributes.isEmpty() ? "" : "<g " + attributes + ">\n");
      group = attributes;
    }
  }

  private void path(double[] x, double[] y) {
    for (int i = 0; i < x.length; i++) {
      svg.append(i == 0 ? 'M' : i == 1 ? 'L' : ' ').append(number(x[i]));
      svg.append(' ').append(number(y[i]));
    }
  }

  private static String opacity(String name, double opacity) {
    return opacity == 1 ? "" : " %s=\"%s\"".formatted(name, opacity);
  }

  private static String color(int color) {
    return String.format(Locale.ROOT, "#%06x", color);
  }

  /** With one decimal, which is finer than a screen. */
  private static String number(double value) {
    long tenths = Math.round(value * 10);
    return tenths % 10 == 0 ? Long.toString(tenths / 10) : Double.toString(tenths / 10.0);
  }

  /** For XML and HTML, in texts and attributes; drops the characters that XML cannot hold. */
  static String escape(String text) {
    return text.replaceAll("[\\p{Cntrl}\\p{Cs}\uFFFE\uFFFF]", " ")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;")
        .replace("'", "&#39;");
  }
}
