package org.mobula.notebook;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.mobula.core.training.EvaluationResult;
import org.mobula.tune.Study;
import org.mobula.tune.StudyResult;
import org.mobula.tune.report.StudyCharts;
import org.mobula.tune.space.FloatParameter;
import org.mobula.tune.space.SearchSpace;

class HtmlTest {
  @Test
  void tableEscapesTextAndRightAlignsNumbers() {
    String text = Html.table(List.of("a", "b"), List.of(List.of("x < y & z", 12345))).text();

    assertThat(text)
        .contains("x &lt; y &amp; z", "<td style=\"text-align:right\">12,345</td>")
        .doesNotContain("x < y");
  }

  @Test
  void tableRefusesRowsOfAnotherWidth() {
    assertThatThrownBy(() -> Html.table(List.of("a", "b"), List.of(List.of(1))))
        .hasMessage("a row has 1 cells but there are 2 columns [a, b]");
  }

  @Test
  void evaluationIsToldByItsMeanAndRange() {
    String text = Html.of(new EvaluationResult(List.of(3.0, 1.0), List.of(3, 1))).text();

    assertThat(text).contains("2.0", "1.0 … 3.0");
  }

  @Test
  void studyShowsItsBestTrialsFirst() {
    FloatParameter x = FloatParameter.uniform("x", 0, 1);
    StudyResult result =
        Study.builder(SearchSpace.of(x)).seed(1).trials(12).build().optimize(trial -> trial.get(x));

    String text = Html.of(result).text();
    assertThat(text).contains("12 trials, 12 of them complete");
    assertThat(text.split("<tr>", -1)).hasSize(12); // the header and ten trials
    assertThat(text.substring(text.indexOf("<tbody>")))
        .startsWith("<tbody><tr><td style=\"text-align:right\">" + result.best().number() + "<");
    assertThat(Html.charts(StudyCharts.slice(result.study(), "x", 0)).text()).contains("<svg");
  }
}
