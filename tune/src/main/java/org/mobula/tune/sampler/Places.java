package org.mobula.tune.sampler;

import java.util.List;
import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/** How far a sampler that follows a fixed sequence has come, by what its trials say. */
final class Places {
  private Places() {}

  /**
   * The place in the sequence after the newest trial's.
   *
   * @param key the system attribute that holds a trial's place
   */
  static int next(StudyRecord study, String key) {
    List<TrialRecord> trials = study.trials();
    for (int i = trials.size() - 1; i >= 0; i--) {
      if (trials.get(i).systemAttributes().get(key) instanceof Number place) {
        return place.intValue() + 1;
      }
    }
    return 0;
  }
}
