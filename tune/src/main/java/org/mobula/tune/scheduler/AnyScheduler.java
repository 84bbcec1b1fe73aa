package org.mobula.tune.scheduler;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.mobula.core.random.SeedSequence;
import org.mobula.tune.space.SearchSpace;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/** Several schedulers at once. */
record AnyScheduler(List<Scheduler> schedulers) implements Scheduler {
  @Override
  public Verdict onReport(StudyRecord study, TrialRecord trial, long step) {
    Decision decision = Decision.CONTINUE;
    Map<String, Object> attributes = new LinkedHashMap<>();
    // All are asked, since each may have something to remember.
    for (Scheduler scheduler : schedulers) {
      Verdict verdict = scheduler.onReport(study, trial, step);
      attributes.putAll(verdict.attributes());
      if (verdict.decision().compareTo(decision) > 0) {
        decision = verdict.decision();
      }
    }
    return new Verdict(decision, attributes);
  }

  @Override
  public boolean copies() {
    return schedulers.stream().anyMatch(Scheduler::copies);
  }

  @Override
  public Next next(StudyRecord study, SearchSpace space, SeedSequence seed, boolean mayBegin) {
    Next answer = Next.SAMPLE;
    for (Scheduler scheduler : schedulers) {
      Next next = scheduler.next(study, space, seed, mayBegin);
      if (next instanceof Next.Wait) {
        answer = next;
      } else if (!next.equals(Next.SAMPLE)) {
        return next;
      }
    }
    return answer;
  }
}
