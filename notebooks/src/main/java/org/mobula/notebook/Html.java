package org.mobula.notebook;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.imageio.ImageIO;
import org.mobula.core.metrics.LearningCurve;
import org.mobula.core.training.EvaluationResult;
import org.mobula.core.training.TrainingResult;
import org.mobula.tune.StudyResult;
import org.mobula.tune.report.Chart;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

/**
 * A piece of a page, as the last line of a cell.
 *
 * @param text of HTML
 */
public record Html(String text) {
  private static final int MOST_TRIALS = 10;

  /**
   * A table.
   *
   * @param header names of the columns
   * @param rows each with as many cells as there are columns; numbers stand to the right
   */
  public static Html table(List<String> header, List<? extends List<?>> rows) {
    StringBuilder html = new StringBuilder("<table><thead><tr>");
    header.forEach(name -> html.append("<th>").append(escape(name)).append("</th>"));
    html.append("</tr></thead><tbody>");
    for (List<?> row : rows) {
      if (row.size() != header.size()) {
        throw new IllegalArgumentException(
            "a row has %s cells but there are %s columns %s"
                .formatted(row.size(), header.size(), header));
      }
      html.append("<tr>");
      for (Object cell : row) {
        html.append("<td style=\"text-align:")
            .append(cell instanceof Number ? "right" : "left")
            .append("\">")
            .append(escape(words(cell)))
            .append("</td>");
      }
      html.append("</tr>");
    }
    return new Html(html.append("</tbody></table>").toString());
  }

  /** Pictures side by side, as many in a row as there is room for. */
  public static Html charts(Chart... charts) {
    StringBuilder html = new StringBuilder("<div style=\"display:flex;flex-wrap:wrap;gap:12px\">");
    for (Chart chart : charts) {
      html.append("<div>").append(chart.toSvg()).append("</div>");
    }
    return new Html(html.append("</div>").toString());
  }

  /**
   * A moving picture.
   *
   * @param file of the format GIF, whole
   */
  public static Html gif(byte[] file) {
    return new Html(
        "<img alt=\"episode\" src=\"data:image/gif;base64,"
            + Base64.getEncoder().encodeToString(file)
            + "\"/>");
  }

  static Html of(EvaluationResult result) {
    double[] returns =
        result.returns().stream().mapToDouble(Double::doubleValue).sorted().toArray();
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("episodes", returns.length);
    facts.put("mean return", result.meanReturn());
    facts.put("standard deviation", result.returnDeviation());
    facts.put("smallest … largest", words(returns[0]) + " … " + words(last(returns)));
    facts.put("mean length", result.meanLength());
    return facts(facts);
  }

  static Html of(TrainingResult result) {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("ended because", result.reason());
    facts.put("environment steps", result.progress().environmentSteps());
    facts.put("episodes", result.progress().episodes());
    result
        .evaluation()
        .ifPresent(
            evaluation ->
                facts.put(
                    "evaluation",
                    "%s ± %s over %s episodes"
                        .formatted(
                            words(evaluation.meanReturn()),
                            words(evaluation.returnDeviation()),
                            evaluation.returns().size())));
    result.directory().ifPresent(directory -> facts.put("directory", directory));
    return facts(facts);
  }

  /** The best trials, and how many there were. */
  static Html of(StudyResult result) {
    List<TrialRecord> complete =
        result.study().trials().stream()
            .filter(trial -> trial.state() == TrialState.COMPLETE)
            .sorted(
                (one, other) ->
                    Double.compare(
                        result.study().direction().toMinimize(one.value()),
                        result.study().direction().toMinimize(other.value())))
            .toList();
    List<String> names =
        complete.stream()
            .flatMap(trial -> trial.parameterValues().keySet().stream())
            .distinct()
            .toList();
    List<String> header = new ArrayList<>(List.of("trial", "value"));
    header.addAll(names);
    List<List<Object>> rows = new ArrayList<>();
    for (TrialRecord trial : complete.subList(0, Math.min(MOST_TRIALS, complete.size()))) {
      List<Object> row = new ArrayList<>(List.of(trial.number(), trial.value()));
      names.forEach(name -> row.add(trial.parameterValues().getOrDefault(name, "")));
      rows.add(row);
    }
    return new Html(
        "<p>%s; %s trials, %s of them complete. The best:</p>%s"
            .formatted(
                escape(result.reason()),
                result.study().trials().size(),
                complete.size(),
                table(header, rows).text()));
  }

  /** A curve under which a line of text stands. */
  static Html of(LearningCurve curve, String line) {
    String svg = curve.svg();
    return new Html(
        svg.substring(svg.indexOf("<svg"))
            + "<div style=\"font-variant-numeric:tabular-nums\">"
            + escape(line)
            + "</div>");
  }

  /** The bytes of a PNG file as text. */
  static String base64(BufferedImage image) {
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", png);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Base64.getEncoder().encodeToString(png.toByteArray());
  }

  private static Html facts(Map<String, ?> facts) {
    StringBuilder html = new StringBuilder("<table>");
    facts.forEach(
        (name, fact) ->
            html.append("<tr><td style=\"text-align:left;color:#666\">")
                .append(escape(name))
                .append("</td><td style=\"text-align:left\">")
                .append(escape(words(fact)))
                .append("</td></tr>"));
    return new Html(html.append("</table>").toString());
  }

  private static double last(double[] numbers) {
    return numbers[numbers.length - 1];
  }

  /** Real numbers rounded, whole ones in groups of three. */
  static String words(Object value) {
    if (value instanceof Double || value instanceof Float) {
      double number = ((Number) value).doubleValue();
      if (Math.abs(number) < 1e-12) {
        return "0.0";
      }
      double size = Math.abs(number);
      String form = size < 0.001 || size >= 1e6 ? "%.2e" : size < 1 ? "%.4f" : "%.1f";
      return String.format(Locale.ROOT, form, number);
    }
    return value instanceof Number number
        ? String.format(Locale.ROOT, "%,d", number.longValue())
        : value instanceof float[] numbers ? Arrays.toString(numbers) : String.valueOf(value);
  }

  private static String escape(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
  }
}
