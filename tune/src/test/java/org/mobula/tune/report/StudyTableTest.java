package org.mobula.tune.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.mobula.tune.space.CategoricalParameter;
import org.mobula.tune.space.IntParameter;
import org.mobula.tune.storage.Direction;
import org.mobula.tune.storage.Journal;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;
import org.mobula.tune.storage.TrialState;

class StudyTableTest {
  @Test
  void aRowForEachTrialWithWhatIsKnown() {
    Journal journal = Journal.inMemory();
    StudyRecord study =
        journal.createStudy("table", List.of(Direction.MINIMIZE, Direction.MAXIMIZE));
    IntParameter layers = IntParameter.uniform("layers", 1, 3);
    CategoricalParameter kind = CategoricalParameter.of("kind", "a,b", "say \"c\"");
    TrialRecord first = journal.createTrial(study, Map.of(layers, 2.0), Map.of());
    journal.setUserAttribute(first, "note", "two\nlines");
    journal.setState(first, TrialState.COMPLETE, 0.5, 1e-9);
    TrialRecord second = journal.createTrial(study, Map.of(kind, 1.0), Map.of());
    journal.setState(second, TrialState.FAIL);
    journal.enqueue(study, Map.of());
    assertThat(
            StudyTable.csv(study)
                .replaceAll("\\d{4}-[-:.\\dT]+Z", "TIME")
                .replaceAll("TIME,TIME,[^,]+,", "TIME,TIME,SECONDS,"))
        .isEqualTo(
            """
            number,values_0,values_1,datetime_start,datetime_complete,duration,params_layers,params_kind,user_attrs_note,state
            0,0.5,1.0E-9,TIME,TIME,SECONDS,2,,"two
            lines",COMPLETE
            1,,,TIME,TIME,SECONDS,,"say ""c""\",,FAIL
            2,,,,,,,,,WAITING
            """);
  }

  @Test
  void oneObjectiveIsTheValue() {
    assertThat(StudyTable.csv(ExampleStudies.branin(3)))
        .startsWith("number,value,datetime_start,datetime_complete,duration,params_")
        .hasLineCount(4);
  }

  @Test
  void anEmptyStudyHasAHeader() {
    assertThat(StudyTable.csv(ExampleStudies.empty()))
        .isEqualTo("number,value,datetime_start,datetime_complete,duration,state\n");
  }
}
