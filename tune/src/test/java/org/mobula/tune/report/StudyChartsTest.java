package org.mobula.tune.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.mobula.tune.Study;
import org.mobula.tune.scheduler.Decision;
import org.mobula.tune.scheduler.Verdict;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.Parameter;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.StudyRecord;
import org.w3c.dom.Document;

class StudyChartsTest {
  private static final String BLUE = "#0072b2";
  private static final String ORANGE = "#e69f00";
  private static final String VERMILION = "#d55e00";
  private static final String SKY = "#56b4e9";

  static Stream<StudyRecord> studies() {
    return Stream.of(
        ExampleStudies.branin(40),
        ExampleStudies.conditional(30),
        ExampleStudies.twoObjectives(30),
        ExampleStudies.rungs(40),
        ExampleStudies.empty(),
        ExampleStudies.single(),
        ExampleStudies.troubled(),
        ExampleStudies.hostile());
  }

  @ParameterizedTest
  @MethodSource("studies")
  void everyChartOfEveryStudyIsAWellFormedPictureWithoutNaN(StudyRecord study) {
    for (Chart chart : charts(study)) {
      String svg = chart.toSvg();
      Document document = Markup.parse(svg);
      assertThat(document.getDocumentElement().getTagName()).isEqualTo("svg");
      assertThat(svg.replaceAll(">[^<]*<", "><")).doesNotContain("NaN", "Infinity", "E");
      BufferedImage image = chart.toImage();
      assertThat(image.getWidth()).isEqualTo(2 * chart.width());
      assertThat(image.getHeight()).isEqualTo(2 * chart.height());
    }
  }

  @Test
  void theHistoryHasADiscForEachTrialAndALineOfTheBest() {
    Document svg =
        Markup.parse(StudyCharts.optimizationHistory(ExampleStudies.branin(100), 0).toSvg());
    assertThat(Markup.count(svg, "circle", "fill", BLUE)).isEqualTo(100);
    assertThat(Markup.count(svg, "path", "stroke", VERMILION)).isEqualTo(1);
  }

  private static StudyRecord mostlyPruned() {
    FloatParameter rate = FloatParameter.log("algorithm.ppo.learning-rate", 1e-4, 1e-2);
    FloatParameter clip = FloatParameter.uniform("algorithm.ppo.value-coefficient", 0, 1);
    return Study.builder(
            SearchSpace.of(rate, clip, CategoricalParameter.fixed("evaluation.every", 5000)))
        .trials(20)
        .scheduler(
            (study, trial, step) ->
                trial.number() == 3 ? Verdict.CONTINUE : Verdict.of(Decision.STOP))
        .build()
        .optimize(
            trial -> {
              trial.report(1, Math.log10(trial.get(rate)) + 1);
              return Math.log10(trial.get(rate)) - 10;
            })
        .study();
  }

  @Test
  void prunedTrialsCount() {
    StudyRecord study = mostlyPruned();
    Document history = Markup.parse(StudyCharts.optimizationHistory(study, 0).toSvg());
    assertThat(Markup.count(history, "circle", "fill", ORANGE)).isEqualTo(19);
    assertThat(Markup.count(history, "circle", "fill", BLUE)).isEqualTo(1);
    String name = "algorithm.ppo.learning-rate";
    Document slice = Markup.parse(StudyCharts.slice(study, name, 0).toSvg());
    assertThat(Markup.count(slice, "circle")).isEqualTo(20);
    String importances = StudyCharts.importances(study, 0).toSvg();
    assertThat(importances)
        .contains(name, "algorithm.ppo.value-coefficient")
        .doesNotContain("evaluation.every", "fewer than two");
    assertThat(StudyCharts.parallelCoordinates(study, 0).toSvg())
        .contains(name, "algorithm.ppo.value-coefficient")
        .doesNotContain("evaluation.every");
    assertThat(StudyReport.html(study)).doesNotContain("<button>evaluation.every");
  }

  @Test
  void valuesThatAreNotFiniteHaveNoDisc() {
    Document svg =
        Markup.parse(StudyCharts.optimizationHistory(ExampleStudies.troubled(), 0).toSvg());
    assertThat(Markup.count(svg, "circle")).isEqualTo(4);
  }

  @Test
  void ofVeryManyTrialsTheBestAndSomeOthersAreShown() {
    StudyRecord study = ExampleStudies.branin(3000);
    Document svg = Markup.parse(StudyCharts.optimizationHistory(study, 0).toSvg());
    assertThat(Markup.count(svg, "circle")).isBetween(900, 1000);
  }

  @Test
  void aSliceHasTheTrialsThatHaveTheParameter() {
    StudyRecord study = ExampleStudies.conditional(60);
    long with =
        study.trials().stream()
            .filter(trial -> trial.parameters().containsKey("optimizer.momentum"))
            .count();
    Document svg = Markup.parse(StudyCharts.slice(study, "optimizer.momentum", 0).toSvg());
    assertThat(Markup.count(svg, "circle")).isEqualTo((int) with).isBetween(10, 50);
  }

  @Test
  void aLogarithmicParameterHasALogarithmicAxis() {
    String svg =
        StudyCharts.slice(ExampleStudies.conditional(60), "optimizer.learning-rate", 0).toSvg();
    assertThat(svg).contains(">1e-5<", ">1e-4<", ">0.001<", ">0.01<", ">0.1<");
  }

  @Test
  void theContourHasCellsBelowTheTrials() {
    Document svg =
        Markup.parse(StudyCharts.contour(ExampleStudies.branin(50), "x", "y", 0).toSvg());
    assertThat(Markup.count(svg, "circle")).isEqualTo(50);
    assertThat(Markup.count(svg, "path")).isGreaterThan(100);
  }

  @Test
  void importancesHaveTwoBarsForEachParameterThatBothKnow() {
    Document svg = Markup.parse(StudyCharts.importances(ExampleStudies.conditional(60), 0).toSvg());
    // One more each is in the legend.
    assertThat(Markup.count(svg, "path", "fill", BLUE)).isEqualTo(1 + 5);
    assertThat(Markup.count(svg, "path", "fill", ORANGE)).isEqualTo(1 + 4);
  }

  @Test
  void endedEarlyCurvesAreLighterAndRungsAreMarked() {
    StudyRecord study = ExampleStudies.rungs(40);
    String svg = StudyCharts.intermediateValues(study).toSvg();
    Document document = Markup.parse(svg);
    assertThat(Markup.count(document, "path", "stroke-dasharray", "4 3")).isEqualTo(3);
    assertThat(Markup.count(document, "path", "stroke-opacity", "0.4"))
        .isEqualTo(
            (int) study.trials().stream().filter(t -> t.state().name().equals("PRUNED")).count());
  }

  @Test
  void theTimelineHasABarForEachTrialThatBegan() {
    StudyRecord study = ExampleStudies.rungs(40);
    Document svg = Markup.parse(StudyCharts.timeline(study).toSvg());
    int bars = 0;
    for (String color : List.of(BLUE, ORANGE, SKY, "#882255")) {
      bars += Markup.count(svg, "path", "fill", color) - 1;
    }
    assertThat(bars).isEqualTo(40);
  }

  @Test
  void theParetoFrontIsWhatNoTrialDominates() {
    StudyRecord study = ExampleStudies.twoObjectives(60);
    long front =
        study.trials().stream()
            .filter(
                one ->
                    study.trials().stream()
                        .noneMatch(
                            other ->
                                other.values()[0] >= one.values()[0]
                                    && other.values()[1] <= one.values()[1]
                                    && other != one))
            .count();
    Document svg = Markup.parse(StudyCharts.paretoFront(study, 0, 1).toSvg());
    assertThat(Markup.count(svg, "circle", "fill", VERMILION)).isEqualTo((int) front);
    assertThat(Markup.count(svg, "circle", "fill", SKY)).isEqualTo(60 - (int) front);
  }

  @Test
  void aLineHasAGapWhereAParameterIsNotThere() {
    StudyRecord study = ExampleStudies.conditional(30);
    Document svg = Markup.parse(StudyCharts.parallelCoordinates(study, 0).toSvg());
    // Five parameters and the value; momentum, which adam lacks, is neither the first nor the last.
    assertThat(StudyCharts.mostImportant(study, 0, 9).stream().map(Parameter::name))
        .contains("optimizer.momentum");
    assertThat(Markup.count(svg, "path")).isGreaterThan(30);
  }

  @Test
  void aPngIsWritten(@TempDir Path folder) throws IOException {
    Path png = folder.resolve("charts/history.png");
    StudyCharts.optimizationHistory(ExampleStudies.branin(20), 0).toPng(png);
    BufferedImage image = Objects.requireNonNull(ImageIO.read(png.toFile()));
    assertThat(image.getWidth()).isEqualTo(840);
    boolean hasBlue = false;
    for (int x = 0; x < image.getWidth(); x++) {
      for (int y = 0; y < image.getHeight(); y++) {
        int color = image.getRGB(x, y);
        hasBlue |= (color & 0xff) > (color >> 16 & 0xff) + 60;
      }
    }
    assertThat(hasBlue).isTrue();
  }

  @Test
  void thereIsNoSuchParameterOrObjective() {
    StudyRecord study = ExampleStudies.single();
    assertThatThrownBy(() -> StudyCharts.slice(study, "z", 0))
        .hasMessageStartingWith("no trial has a parameter z; there are [");
    assertThatThrownBy(() -> StudyCharts.optimizationHistory(study, 1))
        .hasMessage("objective 1 is asked for but the study has 1, counted from 0");
    assertThatThrownBy(() -> StudyCharts.paretoFront(study, 0, 1))
        .hasMessage("objective 1 is asked for but the study has 1, counted from 0");
  }

  private static List<Chart> charts(StudyRecord study) {
    List<Chart> charts = new ArrayList<>();
    charts.add(StudyCharts.intermediateValues(study));
    charts.add(StudyCharts.timeline(study));
    for (int objective = 0; objective < study.directions().size(); objective++) {
      charts.add(StudyCharts.optimizationHistory(study, objective));
      charts.add(StudyCharts.importances(study, objective));
      charts.add(StudyCharts.parallelCoordinates(study, objective));
      charts.add(StudyCharts.paretoFront(study, 0, objective));
      List<Parameter> parameters = StudyCharts.mostImportant(study, objective, 9);
      for (Parameter parameter : parameters) {
        charts.add(StudyCharts.slice(study, parameter.name(), objective));
        charts.add(
            StudyCharts.contour(study, parameters.get(0).name(), parameter.name(), objective));
      }
    }
    return charts;
  }
}
