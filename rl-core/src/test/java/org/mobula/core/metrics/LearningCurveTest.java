package org.mobula.core.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.parsers.ParserConfigurationException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.mobula.core.metrics.MetricTable.Point;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;
import org.xml.sax.SAXException;

class LearningCurveTest {
  private static Document parse(String svg) {
    try {
      return DocumentBuilderFactory.newInstance()
          .newDocumentBuilder()
          .parse(new InputSource(new StringReader(svg)));
    } catch (SAXException | IOException | ParserConfigurationException e) {
      throw new AssertionError(svg, e);
    }
  }

  private static List<String> texts(Document svg, String element) {
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < svg.getElementsByTagName(element).getLength(); i++) {
      texts.add(svg.getElementsByTagName(element).item(i).getTextContent());
    }
    return texts;
  }

  @Test
  void drawsWhatARunRecorded(@TempDir Path directory) {
    Path csv = directory.resolve("metrics.csv");
    try (MetricSink sink = CsvSink.create(csv)) {
      sink.record(1000, 1, Map.of("rollout/episode_return_mean", Double.NaN));
      sink.record(50_000, 2, Map.of("rollout/episode_return_mean", 20.0));
      sink.record(
          100_000,
          3,
          Map.of("rollout/episode_return_mean", 480.0, "evaluation/episode_return_mean", 500.0));
    }
    Path picture = directory.resolve("learning-curve.svg");

    LearningCurve curve = LearningCurve.read(csv, "CartPole-v1, PPO <seed 1> & more");
    curve.write(picture);

    assertThat(picture).hasContent(curve.svg());
    Document svg = parse(curve.svg());
    assertThat(texts(svg, "text"))
        .contains("CartPole-v1, PPO <seed 1> & more", "environment steps", "episode return")
        .contains("0", "20k", "100k", "500", "training", "evaluation");
    assertThat(svg.getElementsByTagName("polyline").item(0).getAttributes().getNamedItem("points"))
        .extracting(org.w3c.dom.Node::getNodeValue)
        .isEqualTo("427.5,424.4 775.0,65.6");
  }

  @Test
  void isWellFormedWithAnyPoints() {
    List<Point> many = new ArrayList<>();
    for (int i = 0; i < 10_000; i++) {
      many.add(new Point(i * 100L, Math.sin(i)));
    }

    assertThat(texts(parse(new LearningCurve("empty", List.of(), List.of()).svg()), "text"))
        .containsExactly("empty", "no episode has finished yet");
    parse(new LearningCurve("\u0000\uD800", List.of(new Point(0, 0)), List.of()).svg());
    parse(
        new LearningCurve("same", List.of(new Point(5, -1e9), new Point(9, -1e9)), List.of())
            .svg());
    String thinned = new LearningCurve("many", many, List.of()).svg();
    parse(thinned);
    assertThat(thinned.length()).isLessThan(20_000);
  }

  @Test
  void ticksAreRoundNumbers() {
    assertThat(labels(Axis.of(9, 500, 6))).containsExactly("0", "100", "200", "300", "400", "500");
    assertThat(labels(Axis.of(-1607, -143, 6)))
        .containsExactly("-2000", "-1500", "-1000", "-500", "0");
    assertThat(labels(Axis.of(0, 1_000_000, 6)))
        .containsExactly("0", "0.2M", "0.4M", "0.6M", "0.8M", "1M");
    assertThat(labels(Axis.of(0.11, 0.14, 6)))
        .containsExactly("0.11", "0.115", "0.12", "0.125", "0.13", "0.135", "0.14");
  }

  @Test
  void singleValueHasRoundTicksAroundIt() {
    assertThat(labels(Axis.of(13.2, 13.2, 6))).containsExactly("12.5", "13", "13.5", "14");
    assertThat(labels(Axis.of(-20, -20, 6))).contains("-20").hasSizeBetween(3, 9);
    assertThat(labels(Axis.of(0, 0, 6))).contains("-1", "0", "1");
    assertThat(labels(Axis.of(1e-12, 1e-12, 6))).hasSizeBetween(3, 9);
  }

  private static List<String> labels(Axis axis) {
    return axis.ticks().stream().map(axis::label).toList();
  }
}
