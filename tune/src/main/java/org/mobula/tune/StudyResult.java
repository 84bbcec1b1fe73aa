package org.mobula.tune;

import org.mobula.tune.storage.StudyRecord;
import org.mobula.tune.storage.TrialRecord;

/**
 * What became of a study.
 *
 * @param study all its trials
 * @param reason why it ended, for a person to read
 * @param interrupted whether {@link Study#stop} ended it, and it may go on
 */
public record StudyResult(StudyRecord study, String reason, boolean interrupted) {
  /**
   * The best complete trial by the first objective.
   *
   * @throws IllegalStateException if none is complete
   */
  public TrialRecord best() {
    return study
        .best()
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "no trial of study %s is complete: %s%s"
                        .formatted(
                            study.name(),
                            reason,
                            study
                                .commonestFailure()
                                .map(
                                    failure ->
                                        "; %s failed because %s"
                                            .formatted(failure.getValue(), failure.getKey()))
                                .orElse(""))));
  }
}
