package org.mobula.core.recording;

import java.io.IOException;
import java.util.EnumMap;
import java.util.Map;

/** What is broken in recordings: how often, and where first. */
final class Findings {
  private final boolean strict;
  private final Map<Kind, Found> found = new EnumMap<>(Kind.class);

  /** A kind of fault, and what is done about it. */
  enum Kind {
    UNREADABLE_FILE("files cannot be read"),
    DUPLICATE_STEP("steps are there twice: is a file there twice?"),
    MISSING_STEP("gaps in the step numbers; the episode ends there"),
    WRONG_SIZE("rows have another number of numbers than the space"),
    OBSERVATION_NOT_FINITE("observations are NaN or infinite"),
    OBSERVATION_OUTSIDE("observations are outside the observation space"),
    ACTION_NOT_FINITE("actions are NaN or infinite"),
    ACTION_OUTSIDE("actions are outside the action space"),
    REWARD_NOT_FINITE("rewards are NaN or infinite"),
    STEP_WITHOUT_REWARD("steps have no reward, which counts as 0"),
    REWARD_WITHOUT_STEP("rewards belong to no step"),
    UNFINISHED("episodes neither terminate nor are truncated, so that their last step is left out"),
    UNKNOWN_FINAL(
        "episodes are truncated without a final observation, so that their last step is"
            + " left out");

    private final String meaning;

    Kind(String meaning) {
      this.meaning = meaning;
    }

    String meaning() {
      return meaning;
    }
  }

  /** How often, and where first. */
  record Found(long count, String first) {}

  /**
   * Nothing is found yet.
   *
   * @param strict whether a fault that leaves no trace in the episodes is an error
   */
  Findings(boolean strict) {
    this.strict = strict;
  }

  void unreadable(IOException error) throws IOException {
    if (strict) {
      throw error;
    }
    add(Kind.UNREADABLE_FILE, String.valueOf(error.getMessage()));
  }

  void add(Kind kind, String where) {
    if (strict && (kind == Kind.DUPLICATE_STEP || kind == Kind.WRONG_SIZE)) {
      throw new IllegalArgumentException(
          "recordings cannot be used as they are: %s (%s); mobula data describe shows more"
              .formatted(kind.meaning(), where));
    }
    found.merge(
        kind, new Found(1, where), (before, now) -> new Found(before.count + 1, before.first));
  }

  long count(Kind kind) {
    Found known = found.get(kind);
    return known == null ? 0 : known.count;
  }

  String first(Kind kind) {
    Found known = found.get(kind);
    return known == null ? "" : known.first;
  }

  Map<Kind, Found> found() {
    return found;
  }
}
