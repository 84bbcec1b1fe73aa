package org.mobula.tune.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.tune.storage.StudyRecord;
import org.w3c.dom.Document;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class StudyReportTest {
  static Stream<StudyRecord> studies() {
    return StudyChartsTest.studies();
  }

  @ParameterizedTest
  @MethodSource("studies")
  void everyPageIsWellFormedAndAsksForNothing(StudyRecord study) {
    String html = StudyReport.html(study);
    assertThat(html)
        .startsWith("<!DOCTYPE html>")
        .doesNotContain("src=", "href=", "@import", "url(");
    assertThat(html.replace("http://www.w3.org/2000/svg", "")).doesNotContain("http:", "https:");
    Document page = Markup.parse(html);
    assertThat(text(page, "h1")).isEqualTo(study.name().replaceAll("\\p{Cntrl}", " "));
    int figures = Markup.count(page, "figure");
    assertThat(Markup.count(page, "svg")).isEqualTo(figures);
    assertThat(figures).matches(count -> count > 3 || study.trials().isEmpty());
    assertThat(StudyReport.html(study)).isEqualTo(html);
  }

  @Test
  void theSummaryCountsTrialsAndTellsTheBest() {
    StudyRecord study = ExampleStudies.rungs(40);
    Document page = Markup.parse(StudyReport.html(study));
    Element summary = byId(page, "dl", "summary");
    assertThat(summary.getTextContent())
        .contains("maximize", "41 (2 running, ", " complete, ", " pruned, ", " failed, 1 waiting)");
    assertThat(byId(page, "dl", "best").getTextContent())
        .contains(String.valueOf(study.best().orElseThrow().value()), "learning-rate");
    assertThat(rows(byId(page, "table", "trials"))).isEqualTo(41);
  }

  @Test
  void severalObjectivesHaveAFrontInsteadOfABest() {
    StudyRecord study = ExampleStudies.twoObjectives(30);
    String html = StudyReport.html(study);
    assertThat(html).doesNotContain("Best trial");
    Document page = Markup.parse(html);
    assertThat(rows(byId(page, "table", "front"))).isEqualTo(Trials.paretoFront(study).size());
    assertThat(text(page, "h2")).isEqualTo("Pareto front");
  }

  @Test
  void whatPeopleNamedIsNeverMarkup() {
    Document page = Markup.parse(StudyReport.html(ExampleStudies.hostile()));
    assertThat(Markup.count(page, "b")).isEqualTo(2); // the names of the best trial's parameters
    assertThat(Markup.count(page, "script")).isEqualTo(1);
  }

  @Test
  void aFailureIsTold() {
    assertThat(StudyReport.html(ExampleStudies.troubled())).contains("<td>out of memory</td>");
  }

  @Test
  void aLargeStudyStaysASmallFile(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("reports/large.html");
    StudyReport.write(ExampleStudies.large(5000, 6), file);
    assertThat(Files.size(file)).isLessThan(3_000_000);
    String html = Files.readString(file, StandardCharsets.UTF_8);
    assertThat(html).contains("The best 1000 of 5000 trials.");
    assertThat(rows(byId(Markup.parse(html), "table", "trials"))).isEqualTo(1000);
    try (Stream<Path> files = Files.list(Objects.requireNonNull(file.getParent()))) {
      assertThat(files).containsExactly(file);
    }
  }

  private static String text(Document page, String name) {
    return page.getElementsByTagNameNS("*", name).item(0).getTextContent();
  }

  private static int rows(Element table) {
    return table.getElementsByTagName("tr").getLength() - 1;
  }

  private static Element byId(Document page, String name, String id) {
    NodeList found = page.getElementsByTagNameNS("*", name);
    for (int i = 0; i < found.getLength(); i++) {
      if (found.item(i) instanceof Element element && element.getAttribute("id").equals(id)) {
        return element;
      }
    }
    throw new AssertionError("no " + name + " " + id);
  }
}
